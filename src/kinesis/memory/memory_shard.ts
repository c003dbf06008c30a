import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../../base/record.ts";
import type { KinesisRecord, PutEntry, Shard, StartPosition } from "../kinesis_api.ts";

/** Options of a shard. */
export interface MemoryShardOptions {
  /** The shard's place in the order of creation, from 0. */
  readonly index: number;
  readonly parents?: readonly ShardId[];
  readonly firstHashKey: bigint;
  readonly lastHashKey: bigint;
  /** When it is created, in milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/** The position of a read: it starts with the first record with a higher number. */
const BEFORE_ALL = "0" as SequenceNumber;
/** The counter in a shard's last sequence number, much higher than any that is used. */
const LAST_COUNTER = 2n ** 63n - 1n;
/** Maximum number of bytes that one GetRecords returns. */
const MAX_READ_BYTES = 10 * 1024 * 1024;

/** One shard: its records, and how many were trimmed. */
export class MemoryShard {
  readonly id: ShardId;
  readonly options: MemoryShardOptions;
  readonly #start: SequenceNumber;
  #end: SequenceNumber | undefined;
  #closedAt: number | undefined;
  #last: SequenceNumber;
  #records: KinesisRecord[] = [];

  constructor(options: MemoryShardOptions) {
    this.options = options;
    this.id = `shardId-${String(options.index).padStart(12, "0")}` as ShardId;
    this.#start = this.#number(0n, options.createdAt);
    this.#last = this.#start;
  }

  /** The shard, for a listing. */
  get info(): Shard {
    return {
      id: this.id,
      parents: this.options.parents ?? [],
      startingSequenceNumber: this.#start,
      endingSequenceNumber: this.#end,
    };
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  /** Whether records with this hash key belong here. */
  holds(hashKey: bigint): boolean {
    return hashKey >= this.options.firstHashKey && hashKey <= this.options.lastHashKey;
  }

  /** Adds a record; `counter` grows in the whole stream, by one or more. */
  append(entry: PutEntry, counter: bigint, now: number): SequenceNumber {
    const sequenceNumber = this.#number(counter, now);
    this.#last = sequenceNumber;
    this.#records.push({
      sequenceNumber,
      partitionKey: entry.partitionKey,
      data: new Uint8Array(entry.data),
      arrivedAt: new Date(now),
    });
    return sequenceNumber;
  }

  /** Closes the shard: after a split or a merge it accepts no more records. */
  close(now: number): void {
    this.#end = this.#number(LAST_COUNTER, now);
    this.#closedAt = now;
  }

  /** Drops records that arrived before a moment; returns whether the shard has left the stream. */
  trim(before: number): boolean {
    const kept = this.#records.findIndex(({ arrivedAt }) => arrivedAt.getTime() >= before);
    if (kept !== 0) this.#records = kept < 0 ? [] : this.#records.slice(kept);
    return this.#closedAt !== undefined && this.#closedAt < before;
  }

  /** The number after which a read at `position` starts; undefined if it is not of this shard. */
  numberBefore(position: StartPosition): SequenceNumber | undefined {
    switch (position.type) {
      case "trim-horizon":
        return BEFORE_ALL;
      case "latest":
        return this.#last;
      case "after":
        return this.#owns(position.sequenceNumber) ? position.sequenceNumber : undefined;
      case "at-timestamp": {
        const time = position.timestamp.getTime();
        const index = this.#records.findIndex(({ arrivedAt }) => arrivedAt.getTime() >= time);
        if (index === 0) return BEFORE_ALL;
        return index < 0 ? this.#last : this.#records[index - 1]!.sequenceNumber;
      }
    }
  }

  /** Reads up to `limit` records after a number; `more` says whether others follow them. */
  read(after: SequenceNumber, limit: number): { records: KinesisRecord[]; more: boolean } {
    const begin = this.#indexAfter(after);
    let end = begin;
    for (let bytes = 0; end < this.#records.length && end - begin < limit; end++) {
      bytes += this.#records[end]!.data.length;
      if (bytes > MAX_READ_BYTES && end > begin) break;
    }
    return { records: this.#records.slice(begin, end), more: end < this.#records.length };
  }

  #indexAfter(number: SequenceNumber): number {
    let [low, high] = [0, this.#records.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareSequenceNumbers(this.#records[middle]!.sequenceNumber, number) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #owns(number: SequenceNumber): boolean {
    if (!/^[1-9][0-9]*$/.test(number)) return false;
    if (compareSequenceNumbers(number, this.#start) < 0) return false;
    return compareSequenceNumbers(number, this.#end ?? this.#number(LAST_COUNTER, 2 ** 40)) <= 0;
  }

  /**
   * Composes a number as Kinesis seems to do: hexadecimal fields
   * for the shard's creation, a counter of the stream, the time and the shard, 56 digits in all.
   */
  #number(counter: bigint, now: number): SequenceNumber {
    const field = (value: number | bigint, digits: number) =>
      value.toString(16).padStart(digits, "0").slice(-digits);
    const { index, createdAt } = this.options;
    const hex = "2" + field(Math.floor(createdAt / 1000), 9) + field(index, 1) +
      field(counter, 16) + "00" + field(Math.floor(now / 1000), 9) + field(index, 8) + "2";
    return BigInt("0x" + hex).toString() as SequenceNumber;
  }
}
