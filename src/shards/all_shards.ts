/**
 * All shards of a stream, for a reader alone.
 *
 * @module
 */

import { systemClock } from "../base/clock.ts";
import { anySignal, Notifier } from "../base/notifier.ts";
import type { ShardId } from "../base/record.ts";
import {
  type KinesisApi,
  listAllShards,
  type RetryingOptions,
  type Shard,
} from "../kinesis/mod.ts";
import type { Lease, Shards } from "./lease.ts";
import { ShardTree } from "./shard_tree.ts";

/** Options for {@linkcode AllShards}. */
export interface AllShardsOptions extends RetryingOptions {
  /** How often the shards are listed, in milliseconds. Default: 60,000. */
  readonly shardListIntervalMs?: number | undefined;
}

/**
 * All shards of a stream: each is leased once, when its parents have ended, and stays leased.
 *
 * The shards are listed at an interval, and at once when one has ended.
 */
export class AllShards implements Shards {
  /** Notified when the shards have been listed. */
  readonly listed: Notifier = new Notifier();
  readonly #kinesis: KinesisApi;
  readonly #stream: string;
  readonly #options: AllShardsOptions;
  readonly #tree = new ShardTree();
  /** Shards that were read to their end, and shards that others come from. */
  readonly #ended = new Set<ShardId>();
  readonly #parents = new Set<ShardId>();
  /** Notified when a shard may be ready. */
  readonly #ready = new Notifier();
  /** How many shards are ready, and not leased yet. */
  #leasing = 0;
  #nextListing = new AbortController();

  /**
   * Creates shards that are not listed yet.
   *
   * @param kinesis The service.
   * @param stream The stream's name.
   * @param options Interval, clock and signal.
   */
  constructor(kinesis: KinesisApi, stream: string, options: AllShardsOptions = {}) {
    this.#kinesis = kinesis;
    this.#stream = stream;
    this.#options = options;
  }

  /** How many known shards are not leased yet. */
  get waiting(): number {
    return this.#tree.waiting + this.#leasing;
  }

  /**
   * Whether all known shards have been leased, and the children of those that ended are known. A
   * shard that has ended continues in others.
   */
  get isComplete(): boolean {
    return this.waiting === 0 && this.#ended.isSubsetOf(this.#parents);
  }

  /** Lists the shards of the stream. */
  async list(): Promise<Shard[]> {
    const shards = await listAllShards(this.#kinesis, this.#stream, this.#options);
    for (const { parents } of shards) parents.forEach((id) => this.#parents.add(id));
    this.#tree.add(shards);
    this.#ready.notify();
    this.listed.notify();
    return shards;
  }

  /**
   * Passes over a shard: it is not leased, and its children do not wait for it.
   *
   * @param shardId The shard.
   */
  pass(shardId: ShardId): void {
    this.#tree.end(shardId);
  }

  /** Yields a lease for each shard, until the signal is aborted. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Lease, void, undefined> {
    const stop = new AbortController();
    const { signal: outer } = this.#options;
    const signal = anySignal(stop.signal, outer);
    let failure: { readonly error: unknown } | undefined;
    const watching = this.#watch(signal).catch((error) => {
      failure = { error };
      this.#ready.notify();
    });
    try {
      while (!signal.aborted && failure === undefined) {
        const ready = this.#tree.takeReady();
        this.#leasing = ready.length;
        for (const { id: shardId } of ready) {
          yield { shardId, epoch: 1, signal };
          this.#leasing--;
        }
        if (ready.length === 0) await this.#ready.wait(signal);
      }
      if (failure !== undefined) throw failure.error;
    } finally {
      stop.abort();
      await watching;
    }
  }

  /** Whether a shard is no longer part of the stream. */
  async hasLeft(shardId: ShardId): Promise<boolean> {
    const shards = await this.list();
    if (shards.some(({ id }) => id === shardId)) return false;
    // Nothing may be left of its children either.
    this.#parents.add(shardId);
    return true;
  }

  /** Ends a shard whose records have all been read, and looks for its children. */
  end({ shardId }: Lease): void {
    this.#ended.add(shardId);
    this.#tree.end(shardId);
    this.#ready.notify();
    this.#nextListing.abort();
  }

  /** Lists the shards at an interval, and at once when one has ended. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { shardListIntervalMs = 60_000, clock = systemClock } = this.#options;
    while (!signal.aborted) {
      const pause = AbortSignal.any([signal, this.#nextListing.signal]);
      await clock.sleep(shardListIntervalMs, pause).catch(() => {});
      if (signal.aborted) return;
      // Before the listing: a shard that ends while it runs may not be in it yet.
      this.#nextListing = new AbortController();
      await this.list();
    }
  }
}
