import { parseDay } from "../archive/listing/days.ts";
import type { ManifestShard } from "../archive/mod.ts";
import { TritonError } from "../base/errors.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { HistoryFile } from "./history_files.ts";

/** How far one shard has been read. */
interface ShardProgress {
  /** The last record that was read. */
  readonly last: SequenceNumber;
  /** When the newest file of the shard was created, in seconds; 0 if none is known. */
  readonly createdAt: number;
  /** Whether a file without a manifest was read since. */
  readonly isLoose: boolean;
  /** Whether all of it arrived before the first moment of interest. */
  readonly isOld: boolean;
}

/** A shard, and its part of a file's manifest. */
export type ShardEntry = readonly [ShardId, ManifestShard];

/** How far each shard has been read in the archive. */
export class HistoryProgress {
  readonly #from: Date;
  /** The positions of an earlier run: what follows them is wanted, whenever it arrived. */
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

  copy(): HistoryProgress {
    const copy = new HistoryProgress(this.#from, this.#checkpoints);
    copy.#allowed = this.#allowed;
    copy.#shards = new Map(this.#shards);
    return copy;
  }

  /** The position of each shard that has one which is not too old. */
  get positions(): Map<ShardId, SequenceNumber> {
    const wanted = [...this.#shards].filter(([, { isOld }]) => !isOld);
    return new Map(wanted.map(([shardId, { last }]) => [shardId, last]));
  }

  /**
   * The last record of a shard that was read; undefined if none is known, or a file without a manifest
   * was read since.
   */
  provenEnd(shardId: ShardId): SequenceNumber | undefined {
    const done = this.#shards.get(shardId);
    return done?.isLoose ? undefined : done?.last;
  }

  /** The shards of files that were created after a time, in seconds. */
  knownSince(seconds: number): Set<ShardId> {
    const known = [...this.#shards].filter(([, shard]) => shard.createdAt > seconds);
    return new Set(known.map(([shardId]) => shardId));
  }

  /** The shards of which a file holds records that are wanted. */
  wantedIn({ manifest }: HistoryFile): ShardEntry[] {
    return [...manifest?.shards ?? []].filter(([shardId, { last, lastArrival }]) => {
      const done = this.#shards.get(shardId);
      if (done !== undefined && compareSequenceNumbers(last, done.last) <= 0) return false;
      return this.#checkpoints.has(shardId) || lastArrival >= this.#from;
    });
  }

  /**
   * Whether a file has to be read. For a file without a manifest, its key decides, in which the day may
   * be one too early: it is that of the writer's time zone.
   */
  needs(file: HistoryFile): boolean {
    if (file.manifest !== undefined) return this.wantedIn(file).length > 0;
    const { day, createdAt } = file.entry;
    return day >= parseDay(this.#from) || createdAt >= Math.floor(this.#from.getTime() / 1_000);
  }

  /**
   * The shards of which records are missing between what was read and a file, so that the file has to
   * wait for others. It also has to if nothing is known of a shard, and the file is not its first.
   */
  missingBefore(file: HistoryFile): ShardEntry[] {
    return this.wantedIn(file).filter(([shardId, { previous, first }]) => {
      if (this.#allowed.has(`${file.entry.key} ${shardId}`)) return false;
      const done = this.#shards.get(shardId);
      if (done === undefined) return previous !== undefined;
      return compareSequenceNumbers(previous ?? first, done.last) > 0;
    });
  }

  /**
   * Notes that a file is going to be read.
   *
   * @throws {TritonError} If it repeats records that another file held.
   */
  add(file: HistoryFile): void {
    for (const [shardId, { first }] of this.wantedIn(file)) {
      const done = this.#shards.get(shardId);
      if (done === undefined || compareSequenceNumbers(first, done.last) > 0) continue;
      // Where an earlier run stopped inside of a file, the file is read again.
      if (this.#checkpoints.get(shardId) === done.last) continue;
      throw new TritonError(
        `Cannot read "${file.entry.key}": it repeats records of shard "${shardId}" up to ` +
          `${done.last}, so the archive is not whole (run "triton verify")`,
      );
    }
    this.pass(file);
  }

  /** Notes that a file was read, or is not needed. */
  pass({ entry: { createdAt }, manifest }: HistoryFile): void {
    if (manifest === undefined) {
      for (const [shardId, shard] of this.#shards) {
        this.#shards.set(shardId, { ...shard, isLoose: true });
      }
    }
    for (const [shardId, { last, lastArrival }] of manifest?.shards ?? []) {
      const done = this.#shards.get(shardId);
      const isOld = lastArrival < this.#from && !this.#checkpoints.has(shardId);
      const newest = Math.max(createdAt, done?.createdAt ?? 0);
      const isBefore = done !== undefined && compareSequenceNumbers(last, done.last) < 0;
      this.#shards.set(
        shardId,
        isBefore
          ? { ...done, createdAt: newest }
          : { last, createdAt: newest, isLoose: false, isOld },
      );
    }
  }

  /** Takes a file although something is missing of a shard before it. */
  allow({ entry }: HistoryFile, shardId: ShardId): void {
    this.#allowed.add(`${entry.key} ${shardId}`);
  }
}
