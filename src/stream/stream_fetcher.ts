/**
 * Fetching all shards of a stream, ahead of whoever reads them.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { monotonicNow, systemClock } from "../base/clock.ts";
import { KinesisError } from "../base/errors.ts";
import {
  type KinesisApi,
  pollShard,
  type PollShardOptions,
  ReadBudget,
  type Shard,
  type TrimmedPosition,
} from "../kinesis/mod.ts";
import type { ShardId, StartPosition } from "../base/record.ts";
import { Notifier } from "../base/notifier.ts";
import { planShards, type PlanShardsOptions } from "../shards/plan_shards.ts";
import { AllShards } from "../shards/all_shards.ts";
import { ShardQueue } from "./shard_queue.ts";

/** How a stream is fetched. */
export interface StreamFetcherOptions extends PollShardOptions {
  /** How much memory fetched records may take, all shards together: 8 MiB unless given. */
  readonly maxBufferedBytes?: number | undefined;
  /** How often the stream is asked for new shards, in milliseconds: 60,000 unless given. */
  readonly shardListIntervalMs?: number | undefined;
}

/** How much memory responses of Kinesis may take until they are handed out, all shards together. */
const ANSWER_BYTES = 32 << 20;

const log = getLogger(["triton", "stream"]);

/** Fills one queue for each shard that is being read, parents before their children. */
export class StreamFetcher {
  /** The stream's name. */
  readonly stream: string;
  /** Notified whenever there may be something new in the queues, and when the fetching ends. */
  readonly changed: Notifier = new Notifier();
  readonly #kinesis: KinesisApi;
  readonly #options: StreamFetcherOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #shards: AllShards;
  readonly #queues = new Map<ShardId, ShardQueue>();
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** Creates a fetcher that fetches nothing yet. */
  constructor(kinesis: KinesisApi, stream: string, options: StreamFetcherOptions) {
    this.stream = stream;
    this.#kinesis = kinesis;
    const { signal } = options;
    this.#signal = AbortSignal.any([this.#stop.signal, ...(signal === undefined ? [] : [signal])]);
    this.#signal.addEventListener("abort", () => this.#wakeAll(), { once: true });
    const { budget = new ReadBudget(ANSWER_BYTES) } = options;
    this.#options = { ...options, budget, signal: this.#signal };
    this.#shards = new AllShards(kinesis, stream, this.#options);
  }

  /** Aborted when the fetching ends, for whatever reason. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** The shards that are being read. */
  get queues(): readonly ShardQueue[] {
    return [...this.#queues.values()];
  }

  /** How many known shards are not read yet, since their parents are. */
  get waitingShards(): number {
    return this.#shards.waiting;
  }

  /** Whether everything was handed out that the stream held when it was last asked. */
  get isCaughtUp(): boolean {
    return this.#shards.isComplete && this.queues.every((queue) => queue.isAtTip);
  }

  /** Takes what the stream said until now for old: it is caught up when it has been asked again. */
  expectNews(): void {
    for (const queue of this.queues) queue.expectNews();
  }

  /** Whether more may come; throws what the fetching failed with. */
  get isRunning(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    return !this.#signal.aborted;
  }

  /** Lists the shards, decides where each begins, and begins. */
  async start(options: PlanShardsOptions): Promise<void> {
    const listed = await this.#shards.list();
    const plan = planShards(listed, options);
    this.#warnOfUnknown(listed, options);
    for (const { id } of listed) if (!plan.has(id)) this.#shards.pass(id);
    this.#run(this.#fetchAll(plan));
    this.#run(this.#watchListings());
  }

  /** Ends a shard whose records have all been read: its children follow. */
  end(queue: ShardQueue): void {
    this.#queues.delete(queue.shardId);
    this.#shards.end(queue.lease);
  }

  /** Stops, and waits until nothing runs any more. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#tasks);
  }

  /** Fetches the shards, each from where it begins: those that appear later from their oldest record. */
  async #fetchAll(plan: ReadonlyMap<ShardId, StartPosition>): Promise<void> {
    for await (const lease of this.#shards) {
      const queue = new ShardQueue(lease, this.#options.limit ?? 10_000);
      this.#queues.set(lease.shardId, queue);
      this.#run(this.#fetch(queue, plan.get(lease.shardId) ?? { type: "trim-horizon" }));
    }
  }

  /** A listing may show that everything has been read. */
  async #watchListings(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#shards.listed.wait(this.#signal);
      this.changed.notify();
    }
  }

  /** Fetches one shard to its end, pausing while its share of the memory is used up. */
  async #fetch(queue: ShardQueue, from: StartPosition): Promise<void> {
    const shard = { stream: this.stream, shardId: queue.shardId, from };
    const { clock = systemClock } = this.#options;
    const onTrimmed = (position: TrimmedPosition) => this.#reportTrimmed(position);
    try {
      for await (const batch of pollShard(this.#kinesis, shard, { ...this.#options, onTrimmed })) {
        queue.push(batch, monotonicNow(clock));
        this.changed.notify();
        while (queue.bytes > 0 && queue.bytes >= this.#share && !this.#signal.aborted) {
          await queue.taken.wait();
        }
      }
    } catch (error) {
      await this.#requireGone(queue.shardId, error);
    }
    if (this.#signal.aborted) return;
    queue.close();
    this.changed.notify();
  }

  /** Bytes that one shard may keep. */
  get #share(): number {
    return (this.#options.maxBufferedBytes ?? 8 * 1024 * 1024) / this.#queues.size;
  }

  async #reportTrimmed(position: TrimmedPosition): Promise<void> {
    const { shardId, after } = position;
    log.error("Records of {shardId} after {after} may be lost: stream {stream} has dropped them", {
      event: "records.dropped",
      stream: this.stream,
      shardId,
      after,
    });
    await this.#options.onTrimmed?.(position);
  }

  /** A shard that has left the stream is read to its end; any other failure stands. */
  async #requireGone(shardId: ShardId, error: unknown): Promise<void> {
    if (!(error instanceof KinesisError) || error.code !== "ResourceNotFoundException") throw error;
    if (!await this.#shards.hasLeft(shardId)) throw error;
    log.error("shard {shardId} left stream {stream} before it was read to its end", {
      event: "shard.gone",
      stream: this.stream,
      shardId,
    });
  }

  /** A start that is nobody's may be a slip; or the shard has left the stream since. */
  #warnOfUnknown(shards: readonly Shard[], { starts = new Map() }: PlanShardsOptions): void {
    const known = new Set(shards.map(({ id }) => id));
    for (const shardId of starts.keys()) {
      if (known.has(shardId)) continue;
      log.warn("Nothing is read of shard {shardId}: stream {stream} has no such shard", {
        event: "shard.missing",
        stream: this.stream,
        shardId,
      });
    }
  }

  /** Runs something in the background; its failure becomes the fetcher's. */
  #run(task: Promise<void>): void {
    const guarded = task.catch((error) => {
      if (this.#signal.aborted) return;
      this.#failure = { error };
      this.#stop.abort();
    }).finally(() => this.#tasks.delete(guarded));
    this.#tasks.add(guarded);
  }

  #wakeAll(): void {
    this.changed.notify();
    for (const queue of this.#queues.values()) queue.taken.notify();
  }
}
