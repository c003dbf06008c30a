import { getLogger } from "@logtape/logtape";
import type { RecordBatch, RecordPiece } from "../kinesis/kinesis_api.ts";
import type { SequenceNumber } from "../base/record.ts";
import type { Lease } from "./lease.ts";
import { persist, type Services } from "./services.ts";
import type { ShardLeases } from "./shard_leases.ts";
import type { StreamShards } from "./stream_shards.ts";

const log = getLogger(["triton", "archiver"]);

/** No stream keeps its records for less than a day. */
const LEAST_RETENTION_MS = 24 * 3_600_000;

/** What noticing gaps takes. */
export interface ShardGapsParts {
  /** The ledger, the time by Kinesis' clock, and the signal that ends the reading. */
  readonly services: Services & { readonly signal: AbortSignal };
  /** Where a lost lease is told. */
  readonly leases: ShardLeases;
  /** What the stream says of itself. */
  readonly shards: StreamShards;
}

/** Notices and records what the stream dropped before it was read. */
export class ShardGaps {
  readonly #parts: ShardGapsParts;

  constructor(parts: ShardGapsParts) {
    this.#parts = parts;
  }

  /**
   * Whether the stream may have dropped something before it was read.
   *
   * @param lease The shard.
   * @param answer What was read of it: the first records of an answer, or a whole one.
   */
  async isTooLate(
    lease: Lease,
    answer: RecordPiece & Partial<Pick<RecordBatch, "millisBehindLatest">>,
  ): Promise<boolean> {
    const { services: { time }, shards } = this.#parts;
    const now = answer.serverTime?.getTime() ?? time.now();
    const newest = answer.records.at(-1)?.arrivedAt.getTime() ?? -Infinity;
    const age = Math.max(now, newest + (answer.millisBehindLatest ?? 0)) - lease.readUntil;
    // A record of just that age is kept.
    if (age <= Math.min(LEAST_RETENTION_MS, shards.retentionMs)) return false;
    // The retention may have been shortened since the shards were listed.
    if (shards.retentionMs > LEAST_RETENTION_MS) await shards.describe();
    return age > shards.retentionMs;
  }

  /** Records that what follows the last record read may be lost, for a worker whose lease holds. */
  async record(
    lease: Lease,
    until: SequenceNumber | undefined,
    reason: string,
  ): Promise<void> {
    const { services, services: { ledger, time }, leases } = this.#parts;
    const { shardId, epoch, lastRead: after } = lease;
    const recordedAt = new Date(time.now());
    const gap = { stream: ledger.stream, shardId, after, until, reason, recordedAt };
    const isOurs = await persist("ledger", services, () => ledger.recordGap(gap, epoch));
    if (!isOurs) return leases.lose(lease);
    services.monitor.gap(shardId, reason);
    log.error("Records of {shardId} after {after} may be lost: the stream has dropped them", {
      event: "records.lost",
      shardId,
      after: after ?? "its beginning",
      until,
      reason,
    });
  }
}
