import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { ReportedGap } from "./accepted_gaps.ts";
import type { ArchiveProblem } from "./chains.ts";

/** What the archive holds of one shard, by its manifests. */
export interface ArchivedShard {
  /** The client that archived it. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** In how many files. */
  readonly files: number;
  /** How many events. */
  readonly events: number;
  /** How many records that are not events. */
  readonly quarantined: number;
  /** The last record before these files; undefined if they begin with the first archived. */
  readonly previous: SequenceNumber | undefined;
  /** The first record. */
  readonly first: SequenceNumber;
  /** The last record, where the chain ends. */
  readonly last: SequenceNumber;
  /** Key of the file that holds it. */
  readonly lastKey: string;
  /** When the earliest record arrived. */
  readonly firstArrival: Date;
  /** When the latest record arrived. */
  readonly lastArrival: Date;
}

/** What a verification found; made of plain values, so that it can be written as JSON. */
export interface ArchiveReport {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The client whose archives were verified; undefined if all clients' were. */
  readonly client: string | undefined;
  /** The first day, as `YYYYMMDD`; undefined if it was the first that there is. */
  readonly from: string | undefined;
  /** The last day, as `YYYYMMDD`; undefined if it was the last that there is. */
  readonly to: string | undefined;
  /** Whether every byte was read, and not only what the files say of themselves. */
  readonly deep: boolean;
  /** The part that was verified, such as `3/64`; not set if it was everything. */
  readonly part?: string;
  /**
   * How many files were not verified, because they are of other parts or their keys were not listed;
   * not set if all were. Only their manifests were read.
   */
  readonly otherFiles?: number;
  /** How many files there are, empty ones included. */
  readonly files: number;
  /** How many of them hold nothing, and only keep a key from being used. */
  readonly empty: number;
  /** Size of all files in bytes. */
  readonly size: number;
  /** How many events there are by the manifests; with `deep` those of unprovable files, too. */
  readonly events: number;
  /** Size of these events in bytes, uncompressed. */
  readonly bytes: number;
  /** How many records are not events, by the manifests. */
  readonly quarantined: number;
  /** Each shard of each client, in order. */
  readonly shards: readonly ArchivedShard[];
  /** Files with records that are not events, and how many they are. */
  readonly quarantine: readonly { readonly key: string; readonly records: number }[];
  /** Keys of files without a manifest, about which nothing can be proved: go-triton's. */
  readonly unprovable: readonly string[];
  /** Gaps that were recorded when they were noticed. */
  readonly gaps: readonly ReportedGap[];
  /** What is not as it must be. */
  readonly problems: readonly ArchiveProblem[];
  /** Whether nothing is missing: there are files, unless none is allowed, no problems and no gaps. */
  readonly whole: boolean;
  /** The same, but gaps that were accepted do not count. */
  readonly acceptable: boolean;
}
