/**
 * How far a history has been read, and which file comes next.
 *
 * @module
 */

import { parseDay } from "../archive/listing/days.ts";
import type { ManifestShard } from "../codec/tri/archive_manifest.ts";
import { TritonError } from "../base/errors.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { HistoryFile } from "./archive_survey.ts";

/** Where reading of a shard has come to. */
interface ShardProgress {
  /** The last record that is done. */
  readonly last: SequenceNumber;
  /** When the newest file was created that tells of the shard, in seconds; 0 if none is known. */
  readonly createdAt: number;
  /** Whether a file was read since that does not say what it holds. */
  readonly isLoose: boolean;
  /** Whether all of it arrived before the first moment of interest. */
  readonly isOld: boolean;
}

/** A shard of a file, and what the file says of it. */
export type ShardEntry = readonly [ShardId, ManifestShard];

/** How far each shard has been read in the archive. */
export class HistoryProgress {
  readonly #from: Date;
  /** Where an earlier run has come to: what follows is wanted whenever it arrived. */
  readonly #checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** Keys of files, each with a shard of which something is missing before it. */
  #allowed = new Set<string>();
  #shards = new Map<ShardId, ShardProgress>();

  /** Begins at a moment, or at the checkpoints of an earlier run. */
  constructor(from: Date, checkpoints: ReadonlyMap<ShardId, SequenceNumber>) {
    this.#from = from;
    this.#checkpoints = checkpoints;
    for (const [shardId, last] of checkpoints) {
      this.#shards.set(shardId, { last, createdAt: 0, isLoose: false, isOld: false });
    }
  }

  /** A copy that goes its own way. */
  copy(): HistoryProgress {
    const copy = new HistoryProgress(this.#from, this.#checkpoints);
    copy.#allowed = this.#allowed;
    copy.#shards = new Map(this.#shards);
    return copy;
  }

  /** The last record that is done, of each shard of which one is known that is not too old. */
  get positions(): Map<ShardId, SequenceNumber> {
    const wanted = [...this.#shards].filter(([, { isOld }]) => !isOld);
    return new Map(wanted.map(([shardId, { last }]) => [shardId, last]));
  }

  /**
   * The last record of a shard that is done; undefined if none is known, or if a file was read since
   * that does not say what it holds.
   */
  provenEnd(shardId: ShardId): SequenceNumber | undefined {
    const at = this.#shards.get(shardId);
    return at?.isLoose ? undefined : at?.last;
  }

  /** The shards that a file created after a time (in seconds) says something of. */
  knownSince(seconds: number): Set<ShardId> {
    const known = [...this.#shards].filter(([, shard]) => shard.createdAt > seconds);
    return new Set(known.map(([shardId]) => shardId));
  }

  /** The shards for whose sake a file has to be read: it holds records that are wanted. */
  wantedIn({ manifest }: HistoryFile): ShardEntry[] {
    return [...manifest?.shards ?? []].filter(([shardId, { last, lastArrival }]) => {
      const at = this.#shards.get(shardId)?.last;
      if (at !== undefined && compareSequenceNumbers(last, at) <= 0) return false;
      return this.#checkpoints.has(shardId) || lastArrival >= this.#from;
    });
  }

  /**
   * Whether a file has to be read; one that says nothing of itself by its key. The day in it may be
   * one too early: it is that of the writer's time zone.
   */
  needs(file: HistoryFile): boolean {
    if (file.manifest !== undefined) return this.wantedIn(file).length > 0;
    const { day, createdAt } = file.entry;
    return day >= parseDay(this.#from) || createdAt >= Math.floor(this.#from.getTime() / 1_000);
  }

  /**
   * The shards of a file that do not go on from where reading has come to: the file has to wait for
   * others. So it has where nothing is known of a shard, and the file is not its first.
   */
  missingBefore(file: HistoryFile): ShardEntry[] {
    return this.wantedIn(file).filter(([shardId, { previous, first }]) => {
      if (this.#allowed.has(`${file.entry.key} ${shardId}`)) return false;
      const at = this.#shards.get(shardId);
      if (at === undefined) return previous !== undefined;
      return compareSequenceNumbers(previous ?? first, at.last) > 0;
    });
  }

  /**
   * Notes that a file is going to be read.
   *
   * @throws {TritonError} If it repeats records that another file held.
   */
  add(file: HistoryFile): void {
    for (const [shardId, { first }] of this.wantedIn(file)) {
      const at = this.#shards.get(shardId);
      if (at === undefined || compareSequenceNumbers(first, at.last) > 0) continue;
      // Where an earlier run stopped inside of a file, the file is read again.
      if (this.#checkpoints.get(shardId) === at.last) continue;
      throw new TritonError(
        `Cannot read "${file.entry.key}": it repeats records of shard "${shardId}" up to ` +
          `${at.last}, so the archive is not whole (run "triton verify")`,
      );
    }
    this.pass(file);
  }

  /** Notes that a file is done with. */
  pass({ entry: { createdAt }, manifest }: HistoryFile): void {
    if (manifest === undefined) {
      for (const [shardId, shard] of this.#shards) {
        this.#shards.set(shardId, { ...shard, isLoose: true });
      }
    }
    for (const [shardId, { last, lastArrival }] of manifest?.shards ?? []) {
      const at = this.#shards.get(shardId);
      const isOld = lastArrival < this.#from && !this.#checkpoints.has(shardId);
      const newest = Math.max(createdAt, at?.createdAt ?? 0);
      const isBefore = at !== undefined && compareSequenceNumbers(last, at.last) < 0;
      this.#shards.set(
        shardId,
        isBefore
          ? { ...at, createdAt: newest }
          : { last, createdAt: newest, isLoose: false, isOld },
      );
    }
  }

  /** Takes a file although something is missing of a shard before it. */
  allow({ entry }: HistoryFile, shardId: ShardId): void {
    this.#allowed.add(`${entry.key} ${shardId}`);
  }
}
