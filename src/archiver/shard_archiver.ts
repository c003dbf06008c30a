import { getLogger } from "@logtape/logtape";
import { CheckpointError, KinesisError } from "../base/errors.ts";
import type { StartPosition } from "../kinesis/kinesis_api.ts";
import { pollShard, type RecordPiece, type RetryEvent, Turns } from "../kinesis/mod.ts";
import type { ArchiveEnds } from "./archive_ends.ts";
import type { ArchiveWriter } from "./archive_writer.ts";
import type { ArchiverOptions } from "./archiver_options.ts";
import type { Lease } from "./lease.ts";
import { isForgotten, persist, type Services } from "./services.ts";
import { settleShard } from "./settle_archive.ts";
import { retryDelayMs } from "../base/retry.ts";
import { FAILURE_PAUSES, isWorthWaiting } from "./read_failure.ts";
import { ShardGaps } from "./shard_gaps.ts";
import type { ShardLeases } from "./shard_leases.ts";
import { positionShard } from "./shard_position.ts";
import type { StreamShards } from "./stream_shards.ts";

const log = getLogger(["triton", "archiver"]);

/** How many shards are asked at once: each answer on its way takes memory in the connection. */
const REQUESTS = 8;

/** What archiving a shard takes. */
export interface ShardArchiverParts {
  /** Kinesis, object store, ledger, clock, and the signal that ends the reading. */
  readonly services: Services & { readonly signal: AbortSignal };
  /** Where records go. */
  readonly writer: ArchiveWriter;
  /** Where leases are given back. */
  readonly leases: ShardLeases;
  /** What the stream says of its shards. */
  readonly shards: StreamShards;
  /** Where the archive ends. */
  readonly ends: ArchiveEnds;
  /** How to read, and whether to mend positions. */
  readonly options: Pick<ArchiverOptions, "pollIntervalMs" | "limit" | "recover">;
}

/** Archives single shards, each under its lease, from where it stands to its end. */
export class ShardArchiver {
  readonly #parts: ShardArchiverParts;
  readonly #gaps: ShardGaps;
  readonly #turns = new Turns(REQUESTS);
  /** Why a shard was left alone, if one was. */
  refusal: CheckpointError | undefined;
  /** Whether anything was read, of any shard: then the settings are right. */
  #hasRead = false;

  constructor(parts: ShardArchiverParts) {
    this.#parts = parts;
    this.#gaps = new ShardGaps(parts);
  }

  /**
   * Settles what is open of a shard, and archives it until it ends, its lease is over, or it is time
   * to stop. While Kinesis refuses it, it is retried, with growing pauses; other shards are archived
   * meanwhile.
   */
  async archive(lease: Lease, { skip }: { readonly skip: boolean }): Promise<void> {
    let from: StartPosition | undefined;
    do {
      try {
        // Once: a shard is settled before it is read, and this worker's own files are open later.
        from ??= await this.#position(lease, skip);
        if (from !== undefined) await this.#read(lease, from);
        return;
      } catch (error) {
        if (isForgotten(error)) return this.#parts.leases.lose(lease);
        if (!isWorthWaiting(error, this.#hasRead)) throw error;
        this.#reportFailure(lease, error);
      }
      if (lease.lastRead !== undefined) from = { type: "after", sequenceNumber: lease.lastRead };
    } while (await this.#pause(lease));
  }

  /** Decides where reading begins; undefined if the shard is not to be read. */
  async #position(lease: Lease, skip: boolean): Promise<StartPosition | undefined> {
    const { services, ends } = this.#parts;
    const recover = this.#parts.options.recover === true;
    // First: what another worker archives after a lost lease is then part of where the shard stands.
    const end = await ends.of(lease.shardId);
    const standing = await settleShard(lease.shardId, services);
    if (lease.signal.aborted) return undefined;
    try {
      const from = await positionShard(lease, standing, services, { end, skip, recover });
      if (from === undefined) this.#parts.leases.lose(lease);
      return from;
    } catch (error) {
      if (!(error instanceof CheckpointError && error.code === "BehindArchive")) throw error;
      await this.#refuse(lease, error);
      return undefined;
    }
  }

  /**
   * Notes that nothing is left to archive of a shard on which nothing arrives. If the database says
   * that something is, it has forgotten a commit: the shard is taken anew, and its position mended.
   */
  async confirm(lease: Lease): Promise<void> {
    const { services, services: { ledger }, writer } = this.#parts;
    if (!lease.caughtUp || writer.holds(lease)) return;
    const { shardId, epoch, archived } = lease;
    const knownAt = new Date(lease.readUntil);
    try {
      const confirm = () => ledger.confirm(shardId, epoch, archived, knownAt);
      if (await persist("ledger", services, confirm)) return;
      if (lease.archived === archived) this.#parts.leases.lose(lease);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      this.#parts.leases.lose(lease);
    }
  }

  /** Reads a shard to its end, or to where it has left the stream. */
  async #read(lease: Lease, from: StartPosition): Promise<void> {
    try {
      await this.#readOn(lease, from);
    } catch (error) {
      if (!isGone(error) || !await this.#parts.shards.hasLeft(lease.shardId)) throw error;
      await this.#gaps.record(lease, undefined, "expired");
      await this.#end(lease);
    }
  }

  #reportFailure(lease: Lease, error: KinesisError): void {
    const { message, code } = error;
    lease.failure = { error: message, attempts: (lease.failure?.attempts ?? 0) + 1 };
    this.#parts.services.monitor.retried("Kinesis", error);
    log.error("Cannot read {shardId}, which is retried: {reason}", {
      event: "shard.failed",
      shardId: lease.shardId,
      attempt: lease.failure.attempts,
      code,
      reason: message,
    });
  }

  /** Waits before the next attempt; false if there is to be none. */
  async #pause(lease: Lease): Promise<boolean> {
    const { clock, signal: stop } = this.#parts.services;
    const signal = AbortSignal.any([stop, lease.signal]);
    const delayMs = retryDelayMs(lease.failure?.attempts ?? 1, { clock, ...FAILURE_PAUSES });
    try {
      await clock.sleep(delayMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return !signal.aborted;
  }

  #noteRead(lease: Lease): void {
    this.#hasRead = true;
    if (lease.failure === undefined) return;
    lease.failure = undefined;
    log.info("Reading {shardId} again", { event: "shard.resumed", shardId: lease.shardId });
  }

  async #readOn(lease: Lease, from: StartPosition): Promise<void> {
    const { services: { kinesis, ledger, clock, time, monitor }, writer, options } = this.#parts;
    const signal = AbortSignal.any([this.#parts.services.signal, lease.signal]);
    const shard = { stream: ledger.stream, shardId: lease.shardId, from };
    const { pollIntervalMs, limit } = options;
    log.info("Reading {shardId} {from}", {
      event: "shard.started",
      shardId: lease.shardId,
      from: describeStart(from),
    });
    // An answer is as of some moment after it was asked for; how long it took must not count.
    let askedAt = time.now();
    const onRetry = ({ error }: RetryEvent) => monitor.retried("Kinesis", error);
    let isTrimmed = false;
    let isEmpty = true;
    // Records of one answer follow each other: only before the first can there be a gap.
    const noticeGap = async (piece: RecordPiece) => {
      if (isTrimmed || await this.#gaps.isTooLate(lease, piece)) {
        await this.#gaps.record(lease, piece.records[0]?.sequenceNumber, "retention");
      }
      isTrimmed = isEmpty = false;
    };
    const pace = {
      readBefore: lease.archivedBefore,
      ...{ clock, time, signal, pollIntervalMs, limit, onRetry, turns: this.#turns },
      onTrimmed: () => void (isTrimmed = true),
      onRecords: async (piece: RecordPiece, isFirst: boolean) => {
        monitor.read(lease.shardId, piece.records);
        signal.throwIfAborted();
        if (isFirst) await noticeGap(piece);
        await this.#take(lease, piece, signal);
      },
    };
    for await (const batch of pollShard(kinesis, shard, pace)) {
      monitor.read(lease.shardId, batch.records);
      this.#noteRead(lease);
      if (signal.aborted) return;
      if (isTrimmed || isEmpty) await noticeGap(batch);
      isEmpty = true;
      if (signal.aborted) return;
      // Not before: a file may be closed in the middle of the answer.
      // The last answer of a closed shard comes any time after its end, where its children begin.
      const asOf = batch.nextIterator === undefined ? -Infinity : askedAt;
      lease.readUntil = Math.max(lease.readUntil, asOf - batch.millisBehindLatest);
      lease.caughtUp = batch.millisBehindLatest === 0;
      await writer.room(signal);
      askedAt = time.now();
    }
    if (!signal.aborted) await this.#end(lease);
  }

  /**
   * Adds records once there is memory for them.
   *
   * @throws The signal's reason, if it is aborted before: nothing is added then.
   */
  async #take(lease: Lease, { records }: RecordPiece, signal: AbortSignal): Promise<void> {
    const { writer } = this.#parts;
    await writer.room(signal);
    signal.throwIfAborted();
    // A file may be closed in the middle of the records, and what follows may be as old as this.
    lease.readUntil = Math.min(lease.readUntil, records[0]!.arrivedAt.getTime());
    lease.caughtUp = false;
    for (const record of records) writer.add(lease, record);
    lease.readUntil = Math.max(lease.readUntil, records.at(-1)!.arrivedAt.getTime());
  }

  /** Ends a shard that was read to its end, so that its children begin. */
  async #end(lease: Lease): Promise<void> {
    const { services, services: { ledger }, writer, leases, shards } = this.#parts;
    await writer.close("shard end");
    if (lease.signal.aborted) return;
    const { shardId, epoch, archived } = lease;
    const children = await shards.childrenOf(shardId);
    const end = () => ledger.end(shardId, epoch, archived, children);
    if (!await persist("ledger", services, end)) return leases.lose(lease);
    leases.end(lease);
    log.info("Archived {shardId} to its end; {children} shards go on from it", {
      event: "shard.ended",
      shardId,
      children: children.filter(({ parents }) => parents.includes(shardId)).length,
    });
  }

  async #refuse(lease: Lease, error: CheckpointError): Promise<void> {
    log.error("{reason}", {
      event: "shard.refused",
      shardId: lease.shardId,
      reason: error.message,
    });
    this.refusal ??= error;
    this.#parts.services.monitor.failed(error.message);
    await this.#parts.leases.refuse(lease);
    if (this.#parts.leases.held.length === 0) throw error;
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

/** Whether Kinesis says that a stream or a shard does not exist. */
function isGone(error: unknown): boolean {
  return error instanceof KinesisError && error.code === "ResourceNotFoundException";
}
