/**
 * Reading a bucket with no help of the archiver, to compare it with what was put.
 *
 * @module
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { decodeEvent, readArchiveEvents } from "@triton/triton/codec";
import type { Shard } from "@triton/triton/kinesis";
import type { ShardId } from "../../src/base/record.ts";
import type { S3Bucket } from "../support/s3_server.ts";

/** Counts the events of a bucket's archives; asked again, it reads only what is new. */
export class EventCounter {
  readonly #bucket: S3Bucket;
  readonly #prefix: string;
  readonly #numbers = new Map<string, number[]>();

  /** @param stream Counts only this stream's, by its name in Kinesis. Default: all. */
  constructor(bucket: S3Bucket, stream?: string) {
    this.#bucket = bucket;
    this.#prefix = stream === undefined ? "" : `/${stream}-`;
  }

  /** How many events there are by now. */
  async count(): Promise<number> {
    await this.#readNew();
    return this.#numbers.values().reduce((sum, { length }) => sum + length, 0);
  }

  /** The field `n` of all events, in the order of the archives' keys. */
  async numbers(): Promise<number[]> {
    const keys = await this.#readNew();
    return keys.flatMap((key) => this.#numbers.get(key)!);
  }

  /** Reads the archives that are new; returns the keys of all, in order. */
  async #readNew(): Promise<string[]> {
    const keys = this.#bucket.keysInOrder().filter((key) =>
      key.endsWith(".tri") && key.includes(this.#prefix)
    );
    for (const key of keys) {
      if (!this.#numbers.has(key)) this.#numbers.set(key, await this.#read(key));
    }
    return keys;
  }

  async #read(key: string): Promise<number[]> {
    const numbers: number[] = [];
    for await (const event of readArchiveEvents(this.#bucket.get(key)!.body)) {
      numbers.push(decodeEvent(event)["n"] as number);
    }
    return numbers;
  }
}

/**
 * Asserts that an archive holds what was put: each event once, each shard's in order, and a shard's
 * after those of the shards it came from.
 *
 * @param archived The numbers of all archived events, in the order of the archive.
 * @param placed The numbers that each shard took in, in the shard's order.
 * @param shards All shards of the stream.
 */
export function assertArchived(
  archived: readonly number[],
  placed: ReadonlyMap<ShardId, readonly number[]>,
  shards: readonly Shard[],
): void {
  const put = [...placed.values()].flat();
  const archivedOnce = new Set(archived);
  deepStrictEqual(put.filter((n) => !archivedOnce.has(n)), [], "events are missing");
  const place = new Map(archived.map((n, at) => [n, at]));
  deepStrictEqual(archived.filter((n, at) => place.get(n) !== at), [], "events come twice");
  equal(archived.length, put.length, "events that nobody put");
  const placesOf = (shardId: ShardId) => (placed.get(shardId) ?? []).map((n) => place.get(n)!);
  for (const { id, parents } of shards) {
    const places = placesOf(id);
    deepStrictEqual(places, places.toSorted((a, b) => a - b), `${id} is out of order`);
    for (const parent of parents) {
      const end = placesOf(parent).at(-1);
      const first = places[0];
      ok(end === undefined || first === undefined || end < first, `${id} comes before ${parent}`);
    }
  }
}
