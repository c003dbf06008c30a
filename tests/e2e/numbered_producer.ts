/**
 * A producer of numbered events, which knows where each of them went.
 *
 * @module
 */

import { encodeEvent } from "@triton/triton/codec";
import type { KinesisApi, PutResult } from "@triton/triton/kinesis";
import {
  compareSequenceNumbers,
  type SequenceNumber,
  type ShardId,
} from "../../src/base/record.ts";

/** What makes a stream out of records, not a flood. */
export interface Pace {
  /** Time between requests, in milliseconds: 20 unless given. */
  readonly paceMs?: number;
  /** How many records a request holds: 10 unless given. */
  readonly batch?: number;
  /** Noise that makes each event longer, in bytes: none unless given. */
  readonly noise?: number;
}

/** Puts events `{ n, id }`, one number after the other, until it is stopped. */
export class NumberedProducer implements AsyncDisposable {
  readonly #kinesis: KinesisApi;
  readonly #stream: string;
  readonly #paceMs: number;
  readonly #batch: number;
  readonly #noise: number;
  readonly #placed = new Map<ShardId, { n: number; sequenceNumber: SequenceNumber }[]>();
  readonly #waiting = new Set<{ readonly count: number; readonly reached: () => void }>();
  readonly #done: Promise<void>;
  #stopped = false;
  #count = 0;

  constructor(kinesis: KinesisApi, stream: string, pace: Pace = {}) {
    const { paceMs = 20, batch = 10, noise = 0 } = pace;
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#paceMs = paceMs;
    this.#batch = batch;
    this.#noise = noise;
    this.#done = this.#produce();
    this.#done.catch(() => {}); // thrown by stop()
  }

  /** How many events the stream has taken in. */
  get count(): number {
    return this.#count;
  }

  /** The numbers that each shard took in, in the shard's order. */
  get placed(): Map<ShardId, number[]> {
    return new Map([...this.#placed].map(([shardId, events]) => {
      events.sort((a, b) => compareSequenceNumbers(a.sequenceNumber, b.sequenceNumber));
      return [shardId, events.map(({ n }) => n)];
    }));
  }

  /** Waits until so many more events are in the stream. */
  async more(events: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add({ count: this.#count + events, reached: resolve });
    await Promise.race([promise, this.#done]);
  }

  /** Puts no more, and throws what went wrong, if anything did. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await this.#done.catch(() => {});
  }

  async #produce(): Promise<void> {
    for (let next = 0; !this.#stopped; next += this.#batch) {
      await this.#put(Array.from({ length: this.#batch }, (_, i) => next + i));
      this.#wake();
      await new Promise((resolve) => setTimeout(resolve, this.#paceMs));
    }
  }

  /** Puts events; those that a shard refuses while it is being split are put again. */
  async #put(numbers: readonly number[]): Promise<void> {
    const entries = numbers.map((n) => {
      const id = `key-${n % 16}`;
      return { partitionKey: id, data: encodeEvent({ n, id, ...this.#makeNoise() }) };
    });
    const results = await this.#kinesis.putRecords(this.#stream, entries);
    const refused = numbers.filter((n, i) => !this.#take(n, results[i]!));
    if (refused.length > 0) await this.#put(refused);
  }

  #makeNoise(): { noise?: Uint8Array } {
    if (this.#noise === 0) return {};
    return { noise: crypto.getRandomValues(new Uint8Array(this.#noise)) };
  }

  #take(n: number, result: PutResult): boolean {
    if (!result.ok) return false;
    const { shardId, sequenceNumber } = result;
    const events = this.#placed.get(shardId) ?? [];
    this.#placed.set(shardId, events);
    events.push({ n, sequenceNumber });
    this.#count++;
    return true;
  }

  #wake(): void {
    for (const waiting of [...this.#waiting]) {
      if (this.#count < waiting.count) continue;
      this.#waiting.delete(waiting);
      waiting.reached();
    }
  }
}
