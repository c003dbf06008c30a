import { Encoder } from "@msgpack/msgpack";
import type { MemoryKinesis } from "../../src/kinesis/mod.ts";
import type { ShardId } from "../../src/record.ts";
import type { PutRecord } from "./facts.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

/** Name of the stream. */
export const STREAM = "clicks_prod";
const HOUR_MS = 3_600_000;
const encoder = new Encoder();

/** Puts records into a stream, splits and merges its shards, and knows what it did. */
export class StreamDriver {
  /** All records that were put, by their number. */
  readonly records: PutRecord[] = [];
  /** The shards that each shard was split or merged into. */
  readonly children = new Map<string, readonly string[]>();
  readonly #kinesis: MemoryKinesis;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  /** When which retention began, the latest last. */
  readonly #retentions: { readonly since: number; readonly hours: number }[] = [];

  constructor(
    kinesis: MemoryKinesis,
    scheduler: Scheduler,
    random: Random,
    options: { readonly shards: number; readonly retentionHours: number },
  ) {
    this.#kinesis = kinesis;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#retentions.push({ since: -Infinity, hours: options.retentionHours });
    kinesis.createStream(STREAM, options.shards, { retentionHours: options.retentionHours });
  }

  /** Puts one record; one that is not an event is no MessagePack map. */
  async put(partitionKey: string, isEvent: boolean): Promise<PutRecord> {
    const n = this.records.length;
    const data = isEvent
      ? encoder.encode({ n, text: "x".repeat(this.#random.integer(0, 60)) })
      : new TextEncoder().encode(`not an event: ${n}`);
    const putAt = this.#scheduler.now;
    const [result] = await this.#kinesis.putRecords(STREAM, [{ partitionKey, data }]);
    if (!result?.ok) throw new Error("The in-memory Kinesis refused a record");
    const { shardId, sequenceNumber } = result;
    const record = { n, isEvent, shardId, sequenceNumber, partitionKey, putAt };
    this.records.push(record);
    return record;
  }

  /** Splits an open shard, if there are not too many already. */
  async split(): Promise<string> {
    const open = await this.#openShards();
    if (open.length > 4) return "nothing";
    const shardId = this.#random.pick(open);
    try {
      const children = this.#kinesis.splitShard(STREAM, shardId);
      this.children.set(shardId, children);
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
          const child = this.#kinesis.mergeShards(STREAM, shardId, neighbour);
          this.children.set(shardId, [child]).set(neighbour, [child]);
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
    this.#kinesis.setRetention(STREAM, hours);
  }

  /** The oldest arrival that the stream still held at a moment, in milliseconds since 1970. */
  horizonAt(time: number): number {
    const { hours } = this.#retentions.findLast(({ since }) => since <= time)!;
    return time - hours * HOUR_MS;
  }

  /** All shards that the stream lists, and whether they are open. */
  async shards(): Promise<Map<ShardId, { readonly isOpen: boolean }>> {
    const shards = new Map<ShardId, { readonly isOpen: boolean }>();
    for await (const { id, endingSequenceNumber } of this.#kinesis.listShards(STREAM)) {
      shards.set(id, { isOpen: endingSequenceNumber === undefined });
    }
    return shards;
  }

  async #openShards(): Promise<ShardId[]> {
    return [...await this.shards()].filter(([, { isOpen }]) => isOpen).map(([id]) => id);
  }
}
