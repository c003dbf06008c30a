import { Encoder } from "@msgpack/msgpack";
import type { MemoryKinesis } from "../../src/kinesis/mod.ts";
import type { ShardId } from "../../src/base/record.ts";
import { packRecords } from "../support/kpl_message.ts";
import type { PutRecord } from "./facts.ts";
import type { Random } from "../../src/testing/mod.ts";
import type { Scheduler } from "./scheduler.ts";

/** Name of the stream, where there is one. */
export const STREAM = "clicks_prod";
const HOUR_MS = 3_600_000;
const encoder = new Encoder();

/** Puts records into a stream, splits and merges its shards, and knows what it did. */
export class StreamDriver {
  /** All records that were put, by their number. */
  readonly records: PutRecord[] = [];
  /** The shards that each shard was split or merged into. */
  readonly children = new Map<string, readonly string[]>();
  /** When each shard was created that came from others. */
  readonly createdAt = new Map<string, number>();
  readonly #name: string;
  readonly #noise: number;
  readonly #kinesis: MemoryKinesis;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** When which retention began, the latest last. */
  readonly #retentions: { readonly since: number; readonly hours: number }[] = [];

  constructor(
    kinesis: MemoryKinesis,
    scheduler: Scheduler,
    random: Random,
    options: {
      readonly shards: number;
      readonly retentionHours: number;
      readonly name?: string;
      /** How much of a record cannot be compressed, at most, in bytes. */
      readonly noise?: number;
    },
  ) {
    this.#noise = options.noise ?? 0;
    this.#name = options.name ?? STREAM;
    this.#kinesis = kinesis;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#retentions.push({ since: -Infinity, hours: options.retentionHours });
    kinesis.createStream(this.#name, options.shards, { retentionHours: options.retentionHours });
  }

  /**
   * Puts one record, or now and then several with one key, aggregated into one. One that is not an
   * event is no MessagePack map; it may be an aggregate that was damaged.
   */
  async put(partitionKey: string, isEvent: boolean): Promise<readonly PutRecord[]> {
    const several = this.#random.chance(0.2);
    const parts = Array.from({ length: several ? this.#random.integer(1, 5) : 1 }, (_, index) => {
      const isThisEvent = index === 0 ? isEvent : this.#random.chance(0.9);
      const n = this.records.length + index;
      return { n, isEvent: isThisEvent, data: this.#payload(n, isThisEvent), partitionKey };
    });
    const putAt = this.#scheduler.now;
    const data = several ? packRecords(parts) : parts[0]!.data;
    const [result] = await this.#kinesis.putRecords(this.#name, [{ partitionKey, data }]);
    if (!result?.ok) throw new Error("The in-memory Kinesis refused a record");
    const { shardId, sequenceNumber } = result;
    const records = parts.map(({ n, isEvent }, index): PutRecord => {
      const sub = several ? index : undefined;
      return { n, isEvent, shardId, sequenceNumber, sub, partitionKey, putAt };
    });
    this.records.push(...records);
    return records;
  }

  #payload(n: number, isEvent: boolean): Uint8Array {
    const event = encoder.encode({ n, text: this.#text() });
    if (isEvent) return event;
    if (this.#random.chance(0.5)) return new TextEncoder().encode(`not an event: ${n}`);
    const damaged = packRecords([{ partitionKey: "key", data: event }]);
    damaged[this.#random.integer(4, damaged.length - 1)]! ^= 1;
    return damaged;
  }

  #text(): string {
    const text = "x".repeat(this.#random.integer(0, 60));
    if (this.#noise === 0) return text;
    const noise = Array.from({ length: this.#random.integer(0, this.#noise) }, () => (
      String.fromCharCode(this.#random.integer(33, 126))
    ));
    return text + noise.join("");
  }

  /** Splits an open shard, if there are not too many already. */
  async split(): Promise<string> {
    const open = await this.#openShards();
    if (open.length > 4) return "nothing";
    const shardId = this.#random.pick(open);
    try {
      const children = this.#kinesis.splitShard(this.#name, shardId);
      this.children.set(shardId, children);
      for (const child of children) this.createdAt.set(child, this.#scheduler.now);
      return `${shardId} into ${children.join(" and ")}`;
    } catch {
      return "nothing"; // It was closed in the same moment.
    }
  }

  /** Merges two open shards that adjoin, if there are such. */
  async merge(): Promise<string> {
    const open = await this.#openShards();
    const start = this.#random.integer(0, open.length - 1);
    for (const shardId of [...open.slice(start), ...open.slice(0, start)]) {
      for (const neighbour of open) {
        if (neighbour === shardId) continue;
        try {
          const child = this.#kinesis.mergeShards(this.#name, shardId, neighbour);
          this.children.set(shardId, [child]).set(neighbour, [child]);
          this.createdAt.set(child, this.#scheduler.now);
          return `${shardId} and ${neighbour} into ${child}`;
        } catch {
          // They do not adjoin, or one was closed in the same moment.
        }
      }
    }
    return "nothing";
  }

  /** Makes the stream keep its records for less time from now on. */
  shrinkRetention(hours: number): void {
    if (hours >= this.#retentions.at(-1)!.hours) return;
    this.#retentions.push({ since: this.#scheduler.now, hours });
    this.#kinesis.setRetention(this.#name, hours);
  }

  /** The oldest arrival that the stream still held at a moment, in milliseconds since 1970. */
  horizonAt(time: number): number {
    const { hours } = this.#retentions.findLast(({ since }) => since <= time)!;
    return time - hours * HOUR_MS;
  }

  /** All shards that the stream lists, and whether they are open. */
  async shards(): Promise<Map<ShardId, { readonly isOpen: boolean }>> {
    const shards = new Map<ShardId, { readonly isOpen: boolean }>();
    for await (const { id, endingSequenceNumber } of this.#kinesis.listShards(this.#name)) {
      shards.set(id, { isOpen: endingSequenceNumber === undefined });
    }
    return shards;
  }

  async #openShards(): Promise<ShardId[]> {
    return [...await this.shards()].filter(([, { isOpen }]) => isOpen).map(([id]) => id);
  }
}
