import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import {
  type KinesisApi,
  pollShard,
  type PollShardOptions,
  type RecordBatch,
  type RecordPiece,
  type ServiceTime,
  type StartPosition,
  type TurnLine,
} from "../kinesis/mod.ts";
import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import type { ArchiverOptions } from "./archiver_options.ts";
import type { ArchiveWriter } from "./files/archive_writer.ts";
import type { ShardGaps } from "./shard_gaps.ts";
import type { ShardProgress } from "./shard_progress.ts";
import type { ArchiverMonitor } from "./status/archiver_monitor.ts";

const log = getLogger(["triton", "archiver"]);

/** What reading a shard takes. */
export interface ShardReadingParts {
  /** Kinesis and clocks. */
  readonly services: {
    readonly kinesis: KinesisApi;
    readonly ledger: Pick<ArchiveLedger, "stream">;
    readonly clock: Clock;
    readonly time: ServiceTime;
    readonly monitor: ArchiverMonitor;
    /** Ends the reading. */
    readonly signal: AbortSignal;
  };
  /** Where records go. */
  readonly writer: ArchiveWriter;
  /** Where gaps are noticed. */
  readonly gaps: ShardGaps;
  /** How many requests of all shards are under way at once. */
  readonly turns: TurnLine;
  /** How to read. */
  readonly options: Pick<ArchiverOptions, "pollIntervalMs" | "limit">;
}

/** One reading of a shard into archive files, from a position to its end or until it is interrupted. */
export class ShardReading {
  /** Aborted when the reading is interrupted. */
  readonly signal: AbortSignal;
  readonly #shard: ShardProgress;
  readonly #parts: ShardReadingParts;
  /** Whether it continues one that was interrupted. */
  readonly #isContinued: boolean;
  /** When the last request was sent, by Kinesis' clock. */
  #askedAt: number;
  /** Whether the stream has dropped what followed the position. */
  #isTrimmed = false;
  /** Whether the current answer has brought no record. */
  #isEmpty = true;

  constructor(shard: ShardProgress, parts: ShardReadingParts) {
    this.#shard = shard;
    this.#parts = parts;
    this.#isContinued = shard.interrupted.aborted;
    shard.begin();
    this.signal = AbortSignal.any([
      parts.services.signal,
      shard.lease.signal,
      shard.interrupted,
    ]);
    // A response reflects the shard at some point after the request was sent.
    this.#askedAt = parts.services.time.now();
  }

  /** Reads the shard; yields after each answer. */
  async *read(from: StartPosition): AsyncGenerator<void, void, undefined> {
    const { services: { kinesis, ledger: { stream }, time, monitor }, writer } = this.#parts;
    const { shardId } = this.#shard;
    this.#logStart(from);
    for await (const batch of pollShard(kinesis, { stream, shardId, from }, this.#pace)) {
      monitor.read(shardId, batch.records);
      yield;
      if (this.signal.aborted) return;
      await this.#noteAnswer(batch);
      if (this.signal.aborted) return;
      await writer.room(this.signal);
      this.#askedAt = time.now();
    }
  }

  #logStart(start: StartPosition): void {
    const { ledger: { stream } } = this.#parts.services;
    const { shardId } = this.#shard;
    const from = describeStart(start);
    if (this.#isContinued) {
      log.debug("Reading {shardId} on {from}, since there is memory again", {
        event: "shard.continued",
        stream,
        shardId,
        from,
      });
    } else log.info("Reading {shardId} {from}", { event: "shard.started", stream, shardId, from });
  }

  get #pace(): PollShardOptions {
    const { services: { clock, time, monitor }, turns, options } = this.#parts;
    const { pollIntervalMs, limit } = options;
    return {
      ...{ clock, time, signal: this.signal, pollIntervalMs, limit, turns },
      readBefore: this.#shard.archivedBefore,
      onRetry: ({ error }) => monitor.retried("Kinesis", error),
      onTrimmed: () => void (this.#isTrimmed = true),
      onRecords: (piece, isFirst) => this.#take(piece, isFirst),
    };
  }

  /**
   * Adds records once there is memory for them.
   *
   * @throws The signal's reason, if it is aborted before: nothing is added then.
   */
  async #take(piece: RecordPiece, isFirst: boolean): Promise<void> {
    const { services: { monitor }, writer } = this.#parts;
    const { records } = piece;
    const shard = this.#shard;
    monitor.read(shard.shardId, records);
    this.signal.throwIfAborted();
    // Records of one answer follow each other: only before the first can there be a gap.
    if (isFirst) await this.#noticeGap(piece);
    await writer.roomInAnswer(shard, this.signal);
    this.signal.throwIfAborted();
    // A file may be closed in the middle of the records, and what follows may be as old as this.
    shard.readUntil = Math.min(shard.readUntil, records.at(0)!.arrivedAt.getTime());
    shard.caughtUp = false;
    writer.add(shard, records);
    shard.readUntil = Math.max(shard.readUntil, records.at(-1)!.arrivedAt.getTime());
  }

  /** Notes up to when the shard has been read, once all records of an answer are taken. */
  async #noteAnswer(batch: RecordBatch): Promise<void> {
    if (this.#isTrimmed || this.#isEmpty) await this.#noticeGap(batch);
    this.#isEmpty = true;
    if (this.signal.aborted) return;
    // Not before: a file may be closed in the middle of the answer.
    // The last answer of a closed shard comes any time after its end, where its children begin.
    const asOf = batch.nextIterator === undefined ? -Infinity : this.#askedAt;
    const shard = this.#shard;
    shard.readUntil = Math.max(shard.readUntil, asOf - batch.millisBehindLatest);
    shard.caughtUp = batch.millisBehindLatest === 0;
  }

  async #noticeGap(piece: RecordPiece): Promise<void> {
    const { gaps } = this.#parts;
    if (this.#isTrimmed || await gaps.isTooLate(this.#shard, piece)) {
      await gaps.record(this.#shard, piece.records.at(0)?.sequenceNumber, "retention");
    }
    this.#isTrimmed = this.#isEmpty = false;
  }
}

/** Where reading begins, in words. */
function describeStart(from: StartPosition): string {
  switch (from.type) {
    case "after":
      return `after ${from.sequenceNumber}`;
    case "at-timestamp":
      return `from ${from.timestamp.toISOString()} on`;
    case "trim-horizon":
      return "from its oldest record on";
    case "latest":
      return "from now on";
  }
}
