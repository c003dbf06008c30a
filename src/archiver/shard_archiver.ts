import { getLogger } from "@logtape/logtape";
import { type Clock, pause } from "../base/clock.ts";
import { CheckpointError, KinesisError } from "../base/errors.ts";
import { retryDelayMs, retryService } from "../base/retry.ts";
import type { KinesisApi, ServiceTime, StartPosition, TurnLine } from "../kinesis/mod.ts";
import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import { isForgotten } from "../shards/table/rows.ts";
import { LeaseLostError } from "../shards/lease.ts";
import type { StreamShards } from "../shards/stream_shards.ts";
import type { ArchiveEnds } from "./archive_ends.ts";
import type { ArchiveWriter } from "./files/archive_writer.ts";
import type { ArchiverOptions } from "./archiver_options.ts";
import { FAILURE_PAUSES, isWorthWaiting } from "./read_failure.ts";
import { type SettleServices, settleShard } from "./settle_archive.ts";
import { ShardGaps } from "./shard_gaps.ts";
import { positionShard } from "./shard_position.ts";
import type { ShardProgress } from "./shard_progress.ts";
import { ShardReading } from "./shard_reading.ts";
import type { ArchiverMonitor } from "./status/archiver_monitor.ts";

const log = getLogger(["triton", "archiver"]);

/** Services for {@linkcode ShardArchiver}. */
export interface ShardArchiverServices extends SettleServices {
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** The stream. */
  readonly kinesis: KinesisApi;
  /** Where positions are. */
  readonly ledger: ArchiveLedger;
  /** The time by Kinesis' clock. */
  readonly time: ServiceTime;
  /** Receives what happens. */
  readonly monitor: ArchiverMonitor;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/** What archiving a shard takes. */
export interface ShardArchiverParts {
  /** Kinesis, object store, ledger and clocks. */
  readonly services: ShardArchiverServices;
  /** Where records go. */
  readonly writer: ArchiveWriter;
  /** What the stream says of its shards. */
  readonly stream: StreamShards;
  /** Where the archive ends. */
  readonly ends: ArchiveEnds;
  /** How many requests are under way at once. */
  readonly turns: TurnLine;
  /** How to read, and whether to mend positions. */
  readonly options: Pick<ArchiverOptions, "pollIntervalMs" | "limit" | "recover">;
}

/**
 * How the archiving of a shard ended: it was archived to its end, another worker has its lease, its
 * signal or the worker's was aborted, or it cannot be archived.
 */
export type ShardEnd =
  | { readonly type: "ended" | "lost" | "interrupted" }
  | { readonly type: "refused"; readonly error: CheckpointError };

/** Archives single shards, each under its lease, from where it stands to its end. */
export class ShardArchiver {
  readonly #parts: ShardArchiverParts;
  readonly #gaps: ShardGaps;
  /** Whether anything was read, of any shard: then the settings are right. */
  #hasRead = false;

  constructor(parts: ShardArchiverParts) {
    this.#parts = parts;
    this.#gaps = new ShardGaps(parts.services, parts.stream);
  }

  /**
   * Settles what is open of a shard, and archives it until it ends, its lease is over, or it is time
   * to stop. While Kinesis refuses it, it is retried, with growing pauses; other shards are archived
   * meanwhile.
   */
  async archive(shard: ShardProgress, options: { readonly skip: boolean }): Promise<ShardEnd> {
    const signal = AbortSignal.any([this.#parts.services.signal, shard.lease.signal]);
    let start: StartPosition | undefined;
    do {
      try {
        // Once: a shard is settled before it is read, and this worker's own files are open later.
        start ??= await this.#position(shard, options);
        const end = await this.#read(shard, start);
        if (end.type !== "interrupted") return end;
        // If neither ended, there was no memory, or what was read had to be dropped.
        await this.#parts.writer.room(signal);
      } catch (error) {
        if (error instanceof LeaseLostError || isForgotten(error)) return { type: "lost" };
        if (error === shard.lease.signal.reason) return { type: "interrupted" };
        if (isBehind(error)) return { type: "refused", error };
        if (!isWorthWaiting(error, this.#hasRead)) throw error;
        this.#reportFailure(shard, error);
        await this.#pause(shard, signal);
      }
    } while (!signal.aborted);
    return { type: "interrupted" };
  }

  /** Decides where reading begins, once nothing is open of the shard. */
  async #position(
    shard: ShardProgress,
    { skip }: { readonly skip: boolean },
  ): Promise<StartPosition> {
    const { services, ends, options: { recover = false } } = this.#parts;
    // First: what another worker archives after a lost lease is then part of where the shard stands.
    const end = await ends.of(shard.shardId);
    const position = await settleShard(shard.shardId, services);
    shard.lease.signal.throwIfAborted();
    return await positionShard(shard, position, services, { end, skip, recover });
  }

  /**
   * Notes that nothing is left to archive of a shard on which nothing arrives.
   *
   * @returns False if another worker has the lease. Or the database says that something is left: it has
   * forgotten a commit. The shard is then to be taken anew, and its position mended.
   */
  async confirm(shard: ShardProgress): Promise<boolean> {
    const { services, services: { ledger }, writer } = this.#parts;
    if (!shard.caughtUp || writer.holds(shard)) return true;
    const { shardId, lease: { epoch }, archived } = shard;
    const knownAt = new Date(shard.readUntil);
    try {
      const confirm = () => ledger.confirm(shardId, epoch, archived, knownAt);
      if (await retryService("ledger", services, confirm)) return true;
      return shard.archived !== archived;
    } catch (error) {
      if (isForgotten(error)) return false;
      throw error;
    }
  }

  /** Reads a shard on to its end, or to where it has left the stream. */
  async #read(shard: ShardProgress, start: StartPosition): Promise<ShardEnd> {
    const { lastRead: sequenceNumber } = shard;
    const from = sequenceNumber === undefined ? start : { type: "after", sequenceNumber } as const;
    try {
      const reading = new ShardReading(shard, { ...this.#parts, gaps: this.#gaps });
      for await (const _ of reading.read(from)) this.#noteRead(shard);
      if (reading.signal.aborted) return { type: "interrupted" };
    } catch (error) {
      if (!isGone(error) || !await this.#parts.stream.hasLeft(shard.shardId)) throw error;
      await this.#gaps.record(shard, undefined, "expired");
    }
    return await this.#end(shard);
  }

  #reportFailure(shard: ShardProgress, error: KinesisError): void {
    const { message, code } = error;
    shard.failure = { error: message, attempts: (shard.failure?.attempts ?? 0) + 1 };
    this.#parts.services.monitor.retried("Kinesis", error);
    log.error("Cannot read {shardId}, which is retried: {reason}", {
      event: "shard.failed",
      stream: this.#parts.services.ledger.stream,
      shardId: shard.shardId,
      attempt: shard.failure.attempts,
      code,
      reason: message,
    });
  }

  /** Waits before the next attempt. */
  async #pause(shard: ShardProgress, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts.services;
    const delayMs = retryDelayMs(shard.failure?.attempts ?? 1, { clock, ...FAILURE_PAUSES });
    await pause(clock, delayMs, signal);
  }

  #noteRead(shard: ShardProgress): void {
    this.#hasRead = true;
    if (shard.failure === undefined) return;
    shard.failure = undefined;
    const { ledger: { stream } } = this.#parts.services;
    log.info("Reading {shardId} again", {
      event: "shard.resumed",
      stream,
      shardId: shard.shardId,
    });
  }

  /** Ends a shard that was read to its end, so that its children begin. */
  async #end(shard: ShardProgress): Promise<ShardEnd> {
    const { services, services: { ledger }, writer, stream } = this.#parts;
    await writer.close("shard end");
    // Records that were dropped meanwhile are not archived.
    if (shard.lease.signal.aborted || shard.interrupted.aborted) return { type: "interrupted" };
    const { shardId, lease: { epoch }, archived } = shard;
    const children = await stream.childrenOf(shardId);
    const end = () => ledger.end(shardId, epoch, archived, children);
    if (!await retryService("ledger", services, end)) return { type: "lost" };
    log.info("Archived {shardId} to its end; {children} shards continue it", {
      event: "shard.ended",
      stream: ledger.stream,
      shardId,
      children: children.filter(({ parents }) => parents.includes(shardId)).length,
    });
    return { type: "ended" };
  }
}

/** Whether Kinesis says that a stream or a shard does not exist. */
function isGone(error: unknown): boolean {
  return error instanceof KinesisError && error.code === "ResourceNotFoundException";
}

/** Whether the archive goes further than the database knows. */
function isBehind(error: unknown): error is CheckpointError {
  return error instanceof CheckpointError && error.code === "BehindArchive";
}
