import type { Consumer } from "./consumers.ts";
import type { Gap, LedgerShard } from "../../src/ledger/archive_ledger.ts";

/** A record, as the producer knows it. */
export interface PutRecord {
  /** Number of the record; those of one partition key grow in the order they were put. */
  readonly n: number;
  readonly isEvent: boolean;
  readonly shardId: string;
  readonly sequenceNumber: string;
  /** Its place, from 0, in a record that was put with others aggregated in it. */
  readonly sub: number | undefined;
  readonly partitionKey: string;
  /** When Kinesis took it in, in milliseconds since the Unix epoch. */
  readonly putAt: number;
}

/** When and from where the first worker was to archive, as the database was told first. */
export interface FirstStart {
  /** What arrived earlier than this is not asked for. */
  readonly from: number;
  /** When the database was told. */
  readonly at: number;
}

/** All that an auditor may look at once a run is over. */
export interface Facts {
  readonly records: readonly PutRecord[];
  /** Every object of the bucket by its key. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** When each of them was put. */
  readonly storedAt: ReadonlyMap<string, number>;
  /** Keys of the objects that other programs put there. */
  readonly strangers: ReadonlySet<string>;
  /** Positions that an older Triton had left; what they cover was archived by it. */
  readonly oldCheckpoints: ReadonlyMap<string, string>;
  /** Undefined if no worker ever got so far. */
  readonly start: FirstStart | undefined;
  /** From when on the stream kept what it had, at a moment. */
  readonly horizonAt: (time: number) => number;
  /** The shards that each shard was split or merged into. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  /** When the run was over. */
  readonly endedAt: number;
  readonly shards: readonly LedgerShard[];
  readonly checkpoints: ReadonlyMap<string, string>;
  readonly openIntents: readonly string[];
  readonly gaps: readonly Gap[];
  /** Gaps that were recorded, and that the database has forgotten since. */
  readonly forgottenGaps: readonly Gap[];
  /** The programs that read. */
  readonly consumers: readonly Consumer[];
  /** Where each shard ended when the archive moved to another bucket: empty if it never did. */
  readonly movedAt: ReadonlyMap<string, string>;
  /** Whether the clocks of all processes agreed. */
  readonly clocksAgree: boolean;
}

/** Compares sequence numbers: negative if `a` comes first. */
export function compareNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
