/**
 * Fetching single shards into queues.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { monotonicNow, systemClock } from "../base/clock.ts";
import { KinesisError } from "../base/errors.ts";
import { Notifier } from "../base/notifier.ts";
import type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";
import {
  type KinesisApi,
  pollShard,
  type PollShardOptions,
  ReadBudget,
  type TrimmedPosition,
} from "../kinesis/mod.ts";
import type { Lease, Shards } from "../shards/lease.ts";
import { tracedKinesis } from "./watch/traced_kinesis.ts";
import type { PartDetails, PartWatch } from "./watch/part_watch.ts";
import { ShardQueue } from "./shard_queue.ts";

const log = getLogger(["triton", "stream"]);

/** Maximum memory of responses until they are yielded, of all shards. */
const RESPONSE_BYTES = 32 << 20;

/** Options for {@linkcode ShardFetcher}. */
export interface ShardFetcherOptions extends PollShardOptions {
  /** Maximum memory of fetched records, of all shards, in bytes. Default: 8 MiB. */
  readonly maxBufferedBytes?: number | undefined;
}

/** Records that the stream has dropped before they were read. */
export interface FetchGap {
  /** The last record read before them; undefined if it is not known here. */
  readonly after: SequenceNumber | undefined;
  /** Whether the position was too old, or the shard has left the stream. */
  readonly reason: "retention" | "expired";
}

/** What a {@linkcode ShardFetcher} works with. */
export interface ShardFetcherParts {
  readonly kinesis: KinesisApi;
  readonly shards: Pick<Shards, "hasLeft">;
  /** Counts what is fetched. */
  readonly watch: PartWatch;
}

/** Fetches shards, each under its lease, into queues that share a memory. */
export class ShardFetcher {
  /** Notified when the queues may have new records. */
  readonly changed: Notifier = new Notifier();
  readonly #kinesis: KinesisApi;
  readonly #shards: Pick<Shards, "hasLeft">;
  readonly #stream: string;
  readonly #options: ShardFetcherOptions;
  readonly #watch: PartWatch;
  readonly #queues = new Map<ShardId, ShardQueue>();

  /** Creates a fetcher that fetches nothing yet. */
  constructor(
    { kinesis, shards, watch }: ShardFetcherParts,
    stream: string,
    options: ShardFetcherOptions,
  ) {
    this.#watch = watch;
    const { clock = systemClock } = options;
    this.#kinesis = tracedKinesis(kinesis, () => clock.now());
    this.#shards = shards;
    this.#stream = stream;
    const { budget = new ReadBudget(RESPONSE_BYTES) } = options;
    this.#options = { ...options, budget };
  }

  /** The shards that are being read. */
  get queues(): readonly ShardQueue[] {
    return [...this.#queues.values()];
  }

  /** Maximum memory of one shard, in bytes. */
  get share(): number {
    return (this.#options.maxBufferedBytes ?? 8 << 20) / Math.max(1, this.#queues.size);
  }

  /** The shards with their lags, and the memory of all: for a {@linkcode PartWatch}. */
  details(now: number): PartDetails {
    const shards = this.queues.map((queue) => ({
      shardId: queue.shardId,
      lagMs: queue.lagAt(now),
    }));
    const lags = shards.map(({ lagMs }) => lagMs).filter((lag) => lag !== undefined);
    return {
      shards,
      lagMs: lags.length === 0 ? undefined : Math.max(...lags),
      bufferedBytes: this.queues.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  }

  /** Creates the queue of a lease, empty. */
  open(lease: Lease): ShardQueue {
    const queue = new ShardQueue(lease, this.#options.limit ?? 10_000);
    this.#queues.set(lease.shardId, queue);
    return queue;
  }

  /** Forgets a queue: nothing more is read from it. */
  close(queue: ShardQueue): void {
    if (this.#queues.get(queue.shardId) === queue) this.#queues.delete(queue.shardId);
  }

  /**
   * Fetches a shard until it ends or its lease does, pausing while its share of the memory is full.
   *
   * @param queue Where records go; it is closed when the shard was read to its end.
   * @param from Where to begin.
   * @param onGap Called when the stream has dropped records before they were read.
   */
  async fetch(
    queue: ShardQueue,
    from: StartPosition,
    onGap: (gap: FetchGap) => void | Promise<void> = () => {},
  ): Promise<void> {
    const { shardId, lease: { signal } } = queue;
    const { clock = systemClock } = this.#options;
    const onTrimmed = async (position: TrimmedPosition) => {
      this.#reportTrimmed(position);
      await onGap({ after: position.after, reason: "retention" });
      await this.#options.onTrimmed?.(position);
    };
    const options = { ...this.#options, signal, onTrimmed };
    try {
      for await (
        const batch of pollShard(this.#kinesis, { stream: this.#stream, shardId, from }, options)
      ) {
        const bytes = queue.push(batch, monotonicNow(clock));
        if (batch.records.length > 0) this.#watch.fetched(shardId, batch.records.length, bytes);
        this.changed.notify();
        while (queue.bytes > 0 && queue.bytes >= this.share && !signal.aborted) {
          await queue.taken.wait(signal);
        }
      }
    } catch (error) {
      await this.#requireGone(queue, error);
      await onGap({ after: undefined, reason: "expired" });
    }
    if (signal.aborted) return;
    queue.close();
    this.changed.notify();
  }

  #reportTrimmed({ shardId, after }: TrimmedPosition): void {
    log.error("Records of {shardId} after {after} may be lost: stream {stream} has dropped them", {
      event: "records.dropped",
      stream: this.#stream,
      shardId,
      after,
    });
  }

  /** A shard that has left the stream counts as read to its end; any other error is thrown. */
  async #requireGone({ shardId }: ShardQueue, error: unknown): Promise<void> {
    if (!(error instanceof KinesisError) || error.code !== "ResourceNotFoundException") throw error;
    if (!await this.#shards.hasLeft(shardId)) throw error;
    log.error("Shard {shardId} left stream {stream} before it was read to its end", {
      event: "shard.gone",
      stream: this.#stream,
      shardId,
    });
  }
}
