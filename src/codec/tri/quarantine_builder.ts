import type { ShardId } from "../../base/record.ts";
import { freeSlabs, mergeNeighbours, Slabs } from "../slabs.ts";
import { HEADER_SIZE } from "../snappy/chunks.ts";
import { checkEventSize, MAX_SKIPPABLE_BODY } from "./archive_format.ts";
import { encodeQuarantined, type QuarantinedRecord } from "./archive_quarantine.ts";

/** Adjacent encoded records of one shard. */
interface Run {
  readonly shardId: ShardId;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Encoded records that are not events, in the order in which they were added.
 *
 * One object per record would need a third more memory if the records are small.
 */
export class QuarantineBuilder {
  #runs: Run[] = [];
  #slabs = new Slabs();
  #size = 0;

  /** An upper bound of the size of the chunks, in bytes. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a record, whose data is copied.
   *
   * @throws {RangeError} If it has more than 64 MiB, which readers reject.
   */
  add(record: QuarantinedRecord): void {
    const bytes = encodeQuarantined(record, this.#slabs);
    checkEventSize("quarantined record", bytes);
    this.#append(record.shardId, bytes);
  }

  #append(shardId: ShardId, bytes: Uint8Array<ArrayBuffer>): void {
    this.#size += bytes.length + HEADER_SIZE * Math.ceil(bytes.length / MAX_SKIPPABLE_BODY);
    const last = this.#runs.at(-1);
    const ofShard = last?.shardId === shardId ? [last.bytes, bytes] : [bytes];
    const [run, other] = mergeNeighbours(ofShard);
    if (ofShard.length > 1 && other === undefined) this.#runs.pop();
    this.#runs.push({ shardId, bytes: other ?? run! });
  }

  /** Removes the records of a shard, and compacts those of the others. */
  remove(shardId: ShardId): void {
    const old = this.#runs;
    if (!old.some((run) => run.shardId === shardId)) return;
    this.#runs = [];
    this.#slabs = new Slabs();
    this.#size = 0;
    for (const run of old) {
      if (run.shardId !== shardId) this.#append(run.shardId, this.#slabs.copy(run.bytes));
    }
    freeSlabs(old.map(({ bytes }) => bytes));
  }

  /** The records, in as few parts as possible. */
  parts(): Uint8Array<ArrayBuffer>[] {
    return mergeNeighbours(this.#runs.map(({ bytes }) => bytes));
  }

  /** Removes all records, and frees their memory. */
  free(): void {
    freeSlabs(this.parts());
    this.#runs = [];
  }
}
