import { ArchiveBuilder } from "../../codec/mod.ts";
import type { Records } from "../../kinesis/kinesis_api.ts";
import type { IntendedRange } from "../../ledger/archive_ledger.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import { addRecords } from "./add_record.ts";
import type { CloseReason } from "./rotation.ts";
import type { ShardProgress } from "../shard_progress.ts";

/** A file that is being filled, or waits to be archived. */
export class ArchiveFile {
  /** Its bytes. */
  readonly builder = new ArchiveBuilder();
  /** The shards that it holds records of. */
  readonly shards = new Map<ShardId, ShardProgress>();
  /** When its first record came in, in milliseconds since the Unix epoch. */
  openedAt: number | undefined;
  /** When its last record came in. */
  filledAt: number | undefined;
  /** Whether the last attempt to upload it failed, or it waits for a store that fails. */
  isFailing = false;

  /**
   * Adds what is in Kinesis records, from one of them on, until the file is full.
   *
   * @param options `from` is the first one, which is added whatever the size; with `maxSize`, in bytes,
   * the file is full; `now` is the time, in milliseconds since the Unix epoch.
   * @returns The first one that was not added.
   */
  add(
    shard: ShardProgress,
    records: Records,
    { from, maxSize, now, stream }: {
      readonly from: number;
      readonly maxSize: number;
      readonly now: number;
      readonly stream: string;
    },
  ): number {
    const { shardId } = shard;
    // What was read under an earlier lease is not ours to archive.
    if (this.shards.has(shardId) && this.shards.get(shardId) !== shard) this.remove(shardId);
    this.openedAt ??= now;
    this.filledAt = now;
    this.shards.set(shardId, shard);
    let next = from;
    do next = addRecords(this.builder, shardId, records, { from: next, maxSize, stream }); while (
      next < records.length && this.builder.size < maxSize
    );
    shard.lastRead = this.builder.shards.get(shardId)!.last;
    return next;
  }

  /** Whether it holds records that were read under the lease of a shard. */
  holds(shard: ShardProgress): boolean {
    return this.shards.get(shard.shardId) === shard;
  }

  /** Leaves the records of a shard out. */
  remove(shardId: ShardId): void {
    this.shards.delete(shardId);
    this.builder.removeShard(shardId);
  }

  /**
   * Closes the file: the shards' next files follow on it.
   *
   * @param reason Why, for the log.
   * @param closedAt The time, in milliseconds since the Unix epoch.
   */
  close(reason: CloseReason, closedAt: number): ClosedFile {
    const previous = new Map<ShardId, SequenceNumber>();
    const knownAt = new Map<ShardId, Date>();
    for (const [shardId, shard] of this.shards) {
      const { last, lastArrival } = this.builder.shards.get(shardId)!;
      knownAt.set(shardId, new Date(Math.max(shard.readUntil, lastArrival.getTime())));
      if (shard.archived !== undefined) previous.set(shardId, shard.archived);
      shard.archived = last;
    }
    return Object.assign(this, { reason, closedAt, previous, knownAt });
  }
}

/**
 * Drops a file: its shards are read again from where the files before it end.
 *
 * @param file The newest file, of those that are not archived.
 */
export function dropFile(file: ArchiveFile | ClosedFile): void {
  for (const [shardId, shard] of file.shards) {
    const last = "previous" in file ? file.previous.get(shardId) : shard.archived;
    shard.rewind(last, file.builder.shards.get(shardId)!.firstArrival);
  }
  file.builder[Symbol.dispose]();
}

/** A file that takes no more records. */
export interface ClosedFile extends ArchiveFile {
  /** Why it was closed. */
  readonly reason: CloseReason;
  /** When it was closed, in milliseconds since the Unix epoch. */
  readonly closedAt: number;
  /** The last record archived before it, of each shard that has one. */
  readonly previous: ReadonlyMap<ShardId, SequenceNumber>;
  /** Up to when each shard has been read when the file was closed. */
  readonly knownAt: ReadonlyMap<ShardId, Date>;
}

/** What a file holds of each shard, as its intent names it. */
export function rangesOf(file: ClosedFile): IntendedRange[] {
  return [...file.shards].map(([shardId, { lease: { epoch } }]) => ({
    shardId,
    epoch,
    previous: file.previous.get(shardId),
    last: file.builder.shards.get(shardId)!.last,
    knownAt: file.knownAt.get(shardId),
  }));
}
