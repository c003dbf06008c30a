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
import { anySignal, Notifier } from "../base/notifier.ts";
import { planShards, type PlanShardsOptions } from "../shards/plan_shards.ts";
import { AllShards } from "../shards/all_shards.ts";
import { ShardQueue } from "./shard_queue.ts";

/** Options for {@linkcode StreamFetcher}. */
export interface StreamFetcherOptions extends PollShardOptions {
  /** Maximum memory of fetched records, of all shards, in bytes. Default: 8 MiB. */
  readonly maxBufferedBytes?: number | undefined;
  /** Interval of listings of new shards, in milliseconds. Default: 60,000. */
  readonly shardListIntervalMs?: number | undefined;
}

/** Maximum memory of responses until they are yielded, of all shards. */
const ANSWER_BYTES = 32 << 20;

const log = getLogger(["triton", "stream"]);

/** Fills one queue for each shard that is being read, parents before their children. */
export class StreamFetcher {
  readonly stream: string;
  /** Notified when the queues may have new records, and when fetching ends. */
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
    this.#signal = anySignal(this.#stop.signal, options.signal);
    this.#signal.addEventListener("abort", () => this.#wakeAll(), { once: true });
    const { budget = new ReadBudget(ANSWER_BYTES) } = options;
    this.#options = { ...options, budget, signal: this.#signal };
    this.#shards = new AllShards(kinesis, stream, this.#options);
  }

  /** Aborted when fetching ends, for any reason. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** The shards that are being read. */
  get queues(): readonly ShardQueue[] {
    return [...this.#queues.values()];
  }

  /** How many known shards wait for their parents. */
  get waitingShards(): number {
    return this.#shards.waiting;
  }

  /** Whether everything was yielded that the stream held at the last request. */
  get isCaughtUp(): boolean {
    return this.#shards.isComplete && this.queues.every((queue) => queue.isAtTip);
  }

  /** Marks earlier responses as old: catching up requires new ones. */
  expectNews(): void {
    for (const queue of this.queues) queue.expectNews();
  }

  /** Whether more may come; throws the error of fetching. */
  get isRunning(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    return !this.#signal.aborted;
  }

  /** Lists the shards, finds where each starts, and starts them. */
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

  /** Stops, and waits until everything has ended. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#tasks);
  }

  /** Fetches the shards, each from its start: those that appear later from their oldest record. */
  async #fetchAll(plan: ReadonlyMap<ShardId, StartPosition>): Promise<void> {
    for await (const lease of this.#shards) {
      const queue = new ShardQueue(lease, this.#options.limit ?? 10_000);
      this.#queues.set(lease.shardId, queue);
      this.#run(this.#fetch(queue, plan.get(lease.shardId) ?? { type: "trim-horizon" }));
    }
  }

  /** A listing may show that everything was read. */
  async #watchListings(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#shards.listed.wait(this.#signal);
      this.changed.notify();
    }
  }

  /** Fetches one shard to its end, pausing while its share of the memory is full. */
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

  /** Maximum memory of one shard, in bytes. */
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

  /** A shard that has left the stream counts as read to its end; any other error is thrown. */
  async #requireGone(shardId: ShardId, error: unknown): Promise<void> {
    if (!(error instanceof KinesisError) || error.code !== "ResourceNotFoundException") throw error;
    if (!await this.#shards.hasLeft(shardId)) throw error;
    log.error("Shard {shardId} left stream {stream} before it was read to its end", {
      event: "shard.gone",
      stream: this.stream,
      shardId,
    });
  }

  /** A start of an unknown shard may be a mistake; or the shard has left the stream. */
  #warnOfUnknown(shards: readonly Shard[], { starts = new Map() }: PlanShardsOptions): void {
    const known = new Set(shards.map(({ id }) => id));
    for (const shardId of starts.keys()) {
      if (known.has(shardId)) continue;
      log.warn("Shard {shardId} is not read: stream {stream} has no such shard", {
        event: "shard.missing",
        stream: this.stream,
        shardId,
      });
    }
  }

  /** Runs a task in the background; its failure is that of the fetcher. */
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
