import { getLogger } from "@logtape/logtape";
import { systemClock } from "../base/clock.ts";
import type { Shard } from "../kinesis/mod.ts";
import type { ShardId, StartPosition } from "../base/record.ts";
import { anySignal, type Notifier } from "../base/notifier.ts";
import { planShards, type PlanShardsOptions } from "../shards/plan_shards.ts";
import { AllShards } from "../shards/all_shards.ts";
import { BackgroundClock } from "./background_clock.ts";
import type { PartDetails } from "./watch/part_watch.ts";
import { ShardFetcher, type ShardFetcherOptions, type ShardFetcherParts } from "./shard_fetcher.ts";
import type { ShardQueue } from "./shard_queue.ts";

/** Options for {@linkcode StreamFetcher}. */
export interface StreamFetcherOptions extends ShardFetcherOptions {
  /** Interval of listings of new shards, in milliseconds. Default: 60,000. */
  readonly shardListIntervalMs?: number | undefined;
}

const log = getLogger(["triton", "stream"]);

/**
 * Fills one queue for each shard that is being read, parents before their children. Fetching is in the
 * background: it keeps the process alive only while someone waits for its start or for records.
 */
export class StreamFetcher {
  readonly stream: string;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #background = new BackgroundClock();
  readonly #shards: AllShards;
  readonly #fetcher: ShardFetcher;
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  /** Creates a fetcher that fetches nothing yet. */
  constructor(
    { kinesis, watch }: Pick<ShardFetcherParts, "kinesis" | "watch">,
    stream: string,
    options: StreamFetcherOptions,
  ) {
    this.stream = stream;
    this.#signal = anySignal(this.#stop.signal, options.signal);
    this.#signal.addEventListener("abort", () => this.#changed.notify(), { once: true });
    const { clock = systemClock } = options;
    const running = {
      ...options,
      clock: clock === systemClock ? this.#background : clock,
      signal: this.#signal,
    };
    this.#shards = new AllShards(kinesis, stream, running);
    this.#fetcher = new ShardFetcher({ kinesis, shards: this.#shards, watch }, stream, running);
  }

  /** Waits until the queues may have new records, or fetching ends. */
  wait(): Promise<void> {
    return this.#background.keepAlive(this.#changed.wait());
  }

  get #changed(): Notifier {
    return this.#fetcher.changed;
  }

  /** Aborted when fetching ends, for any reason. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** The shards that are being read. */
  get queues(): readonly ShardQueue[] {
    return this.#fetcher.queues;
  }

  /** What is being read, at a moment of monotonic time. */
  details(now: number): PartDetails {
    return this.#fetcher.details(now);
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
    const listed = await this.#background.keepAlive(this.#shards.list());
    const plan = planShards(listed, options);
    this.#warnOfUnknown(listed, options);
    for (const { id } of listed) if (!plan.has(id)) this.#shards.pass(id);
    this.run(this.#fetchAll(plan));
    this.run(this.#watchListings());
  }

  /** Ends a shard whose records have all been read: its children follow. */
  end(queue: ShardQueue): void {
    this.#fetcher.close(queue);
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
      const queue = this.#fetcher.open(lease);
      this.run(this.#fetcher.fetch(queue, plan.get(lease.shardId) ?? { type: "trim-horizon" }));
    }
  }

  /** A listing may show that everything was read. */
  async #watchListings(): Promise<void> {
    while (!this.#signal.aborted) {
      await this.#shards.listed.wait(this.#signal);
      this.#changed.notify();
    }
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
  run(task: Promise<void>): void {
    const guarded = task.catch((error) => {
      if (this.#signal.aborted) return;
      this.#failure = { error };
      this.#stop.abort();
    }).finally(() => this.#tasks.delete(guarded));
    this.#tasks.add(guarded);
  }
}
