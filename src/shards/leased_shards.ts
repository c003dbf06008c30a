/**
 * The shards of a stream that workers share.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { monotonicNow, pause } from "../base/clock.ts";
import { KinesisError } from "../base/errors.ts";
import { Notifier } from "../base/notifier.ts";
import type { ShardId } from "../base/record.ts";
import { retryService, workerLog } from "../base/retry.ts";
import type { Lease, Shards } from "./lease.ts";
import type { LeaseTable, TableShard } from "./table/lease_table.ts";
import { type LeasePlan, planLeases } from "./plan_leases.ts";
import {
  StreamShards,
  type StreamShardsOptions,
  type StreamShardsServices,
} from "./stream_shards.ts";
import {
  WorkerLeases,
  type WorkerLeasesOptions,
  type WorkerLeasesServices,
} from "./worker_leases.ts";

/** How often the shards of the stream are listed, in milliseconds. */
const LISTING_INTERVAL_MS = 60_000;

/** Services for {@linkcode LeasedShards}. */
export interface LeasedShardsServices<S extends TableShard>
  extends StreamShardsServices, Pick<WorkerLeasesServices, "closed"> {
  /** The table of shards and leases. */
  readonly table: LeaseTable<S>;
  /** Ends the sequence of leases; those that are held are kept until {@linkcode LeasedShards.leave}. */
  readonly signal: AbortSignal;
}

/** Options for {@linkcode LeasedShards}: with `pinned` only these shards, else an even share. */
export type LeasedShardsOptions = StreamShardsOptions & WorkerLeasesOptions;

/**
 * The shards of a stream that any number of workers share through a table: each worker leases an
 * even share of those whose parents have ended.
 *
 * Iterating yields the leases of this worker. A lease ends with its signal: when another worker has
 * it, or when it is to be handed over; then it is held until {@linkcode release}.
 */
export class LeasedShards<S extends TableShard = TableShard> implements Shards {
  /** The shards as Kinesis lists them. */
  readonly stream: StreamShards;
  readonly #services: LeasedShardsServices<S>;
  readonly #options: LeasedShardsOptions;
  readonly #leases: WorkerLeases;
  readonly #log: Logger;
  readonly #refused = new Set<ShardId>();
  /** Notified when a lease has ended: there may be something else to do at once. */
  readonly #changed = new Notifier();
  #open: readonly S[] | undefined;
  #rounds = 0;

  /**
   * Creates a worker that holds no lease.
   *
   * @param services Kinesis, the table, clock and signal.
   * @param options The worker, how long leases last, and where shards begin.
   */
  constructor(services: LeasedShardsServices<S>, options: LeasedShardsOptions) {
    this.#services = services;
    this.#options = options;
    this.stream = new StreamShards(services, options);
    this.#leases = new WorkerLeases(services, options);
    this.#log = workerLog(services);
  }

  /** The name of this worker. */
  get worker(): string {
    return this.#options.worker;
  }

  /** All workers that are alive, as of the last renewal. */
  get workers(): readonly string[] {
    return this.#leases.workers;
  }

  /** The leases that this worker holds, as far as it knows. */
  get held(): ReadonlyMap<ShardId, Lease> {
    return this.#leases.held;
  }

  /** The shards that have not ended, as the table had them last; undefined before. */
  get open(): readonly S[] | undefined {
    return this.#open;
  }

  /** How many times the leases have been balanced. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Whether this worker refuses a shard. */
  isRefused(shardId: ShardId): boolean {
    return this.#refused.has(shardId);
  }

  /** Whether a shard is assigned to other workers. */
  isElsewhere(shardId: ShardId): boolean {
    return this.#options.pinned?.has(shardId) === false;
  }

  /** Whether no lease has expired, at a moment of monotonic time: all were renewed not long before. */
  isFreshAt(now: number): boolean {
    return this.#leases.isFreshAt(now);
  }

  /** Renews the leases if they may have expired, as in a pause of the process or of the database. */
  async refresh(): Promise<void> {
    while (!this.isFreshAt(monotonicNow(this.#services.clock))) await this.#leases.renew();
  }

  /** Renews the leases until the signal is aborted. */
  async renew(signal: AbortSignal): Promise<void> {
    const { leaseMs } = this.#options;
    do await this.#leases.renew(); while (await pause(this.#services.clock, leaseMs / 5, signal));
  }

  /** Takes leases and yields them, and hands others over, until the signal is aborted. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Lease, void, undefined> {
    const { clock, signal } = this.#services;
    if (this.stream.listedAt === undefined) await this.stream.refresh();
    let lookedAt = this.stream.listedAt ?? monotonicNow(clock);
    for (; !signal.aborted; this.#rounds++) {
      const round = new AbortController();
      const changed = this.#changed.wait(round.signal);
      if (monotonicNow(clock) - lookedAt >= LISTING_INTERVAL_MS) {
        await this.#lookAgain();
        lookedAt = monotonicNow(clock);
      }
      const plan = await this.#plan();
      for (const shardId of plan.release) this.#leases.handOver(shardId);
      yield* this.#take(plan);
      await Promise.race([pause(clock, this.#options.leaseMs / 10, signal), changed]);
      round.abort(); // nothing must be left of a wait that nothing ended
    }
  }

  /** Whether a shard is no longer part of the stream. */
  hasLeft(shardId: ShardId): Promise<boolean> {
    return this.stream.hasLeft(shardId);
  }

  /** Ends the lease of a shard that has ended in the table. */
  end(lease: Lease): void {
    this.#leases.end(lease);
    this.#open = this.#open?.filter(({ shardId }) => shardId !== lease.shardId);
  }

  /** Ends the reading of a shard that goes to another worker; the lease is held until it is released. */
  handOver({ shardId }: Lease): void {
    this.#leases.handOver(shardId);
  }

  /** Ends a lease that another worker has. */
  lose(lease: Lease): void {
    this.#leases.lose(lease);
  }

  /** Releases a lease; whatever was read under it must have been archived or discarded. */
  release(lease: Lease): Promise<void> {
    return this.#leases.release(lease);
  }

  /** Releases a lease, and never takes it again. */
  async refuse(lease: Lease): Promise<void> {
    this.#refused.add(lease.shardId);
    await this.release(lease);
  }

  /** Frees the leases at once; if that fails, they expire. */
  async leave(): Promise<void> {
    try {
      await this.#services.table.leave(this.worker);
    } catch (error) {
      this.#log.warn("Cannot give the leases back, so they last until they expire: {reason}", {
        event: "lease.kept",
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Looks for new shards; while that is refused, those that are known are read. */
  async #lookAgain(): Promise<void> {
    const { monitor, table: { stream } } = this.#services;
    try {
      await this.stream.refresh();
      monitor?.answered("Kinesis", this.stream);
    } catch (error) {
      if (!(error instanceof KinesisError)) throw error;
      monitor?.retried("Kinesis", error, this.stream);
      this.#log.error("Cannot look for new shards of {stream}, which is retried: {reason}", {
        event: "stream.failed",
        stream,
        code: error.code,
        reason: error.message,
      });
    }
  }

  /** Decides which leases to take and which to hand over. */
  async #plan(): Promise<LeasePlan> {
    const { table, monitor } = this.#services;
    // Those that have ended hold nothing back, and become more and more.
    const open = await retryService("ledger", this.#services, () => table.shards("open"));
    this.#open = open;
    monitor?.forgetEnded(new Set(open.map(({ shardId }) => shardId)));
    return planLeases(open, {
      worker: this.worker,
      workers: this.workers,
      held: new Set(this.held.keys()),
      pinned: this.#options.pinned,
      refused: this.#refused,
    });
  }

  /** Takes the leases that are wanted. */
  async *#take({ take, wanted }: LeasePlan): AsyncGenerator<Lease, void, undefined> {
    for (const shardId of take) {
      if (wanted === 0 || this.#services.signal.aborted) return;
      const lease = await this.#leases.take(shardId);
      if (lease === undefined) continue;
      wanted--;
      lease.signal.addEventListener("abort", () => this.#changed.notify(), { once: true });
      yield lease;
    }
  }
}
