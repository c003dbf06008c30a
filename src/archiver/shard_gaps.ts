import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { SequenceNumber } from "../base/record.ts";
import { retryService, type RetryServiceOptions } from "../base/retry.ts";
import type { RecordBatch, RecordPiece } from "../kinesis/kinesis_api.ts";
import type { ServiceTime } from "../kinesis/mod.ts";
import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import { LeaseLostError } from "../shards/lease.ts";
import type { ShardMonitor } from "../shards/shard_monitor.ts";
import type { StreamShards } from "../shards/stream_shards.ts";
import type { ShardProgress } from "./shard_progress.ts";

const log = getLogger(["triton", "archiver"]);

/** Services for {@linkcode ShardGaps}. */
export interface ShardGapsServices extends RetryServiceOptions {
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** Where gaps are recorded. */
  readonly ledger: Pick<ArchiveLedger, "stream" | "recordGap">;
  /** The time by Kinesis' clock. */
  readonly time: ServiceTime;
  /** Receives gaps. */
  readonly monitor: ShardMonitor;
}

/** Notices and records what the stream dropped before it was read. */
export class ShardGaps {
  readonly #services: ShardGapsServices;
  readonly #stream: Pick<StreamShards, "mayHaveDropped">;

  constructor(services: ShardGapsServices, stream: Pick<StreamShards, "mayHaveDropped">) {
    this.#services = services;
    this.#stream = stream;
  }

  /**
   * Whether the stream may have dropped something before it was read.
   *
   * @param shard The shard.
   * @param answer What was read of it: the first records of an answer, or a whole one.
   */
  isTooLate(
    shard: ShardProgress,
    answer: RecordPiece & Partial<Pick<RecordBatch, "millisBehindLatest">>,
  ): Promise<boolean> {
    const now = answer.serverTime?.getTime() ?? this.#services.time.now();
    const newest = answer.records.at(-1)?.arrivedAt.getTime() ?? -Infinity;
    const latest = Math.max(now, newest + (answer.millisBehindLatest ?? 0));
    return this.#stream.mayHaveDropped(latest - shard.readUntil);
  }

  /**
   * Records that what follows the last record read may be lost.
   *
   * @throws {LeaseLostError} If another worker has the lease.
   */
  async record(
    { shardId, lease: { epoch }, lastRead: after }: ShardProgress,
    until: SequenceNumber | undefined,
    reason: string,
  ): Promise<void> {
    const { ledger, time, monitor } = this.#services;
    const recordedAt = new Date(time.now());
    const gap = { stream: ledger.stream, shardId, after, until, reason, recordedAt };
    const record = () => ledger.recordGap(gap, epoch);
    if (!await retryService("ledger", this.#services, record)) throw new LeaseLostError(shardId);
    monitor.gap(shardId, reason);
    log.error("Records of {shardId} after {after} may be lost: the stream has dropped them", {
      event: "records.lost",
      stream: ledger.stream,
      shardId,
      after: after ?? "its beginning",
      until,
      reason,
    });
  }
}
