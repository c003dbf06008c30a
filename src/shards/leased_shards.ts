/**
 * The shards of a stream that workers share.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { monotonicNow } from "../base/clock.ts";
import { KinesisError } from "../base/errors.ts";
import type { ShardId } from "../base/record.ts";
import { workerLog } from "../base/retry.ts";
import type { Lease, Shards } from "./lease.ts";
import type { LeaseTable, TableShard } from "./table/lease_table.ts";
import type { SharedLeases } from "./shared_leases.ts";
import {
  StreamShards,
  type StreamShardsOptions,
  type StreamShardsServices,
} from "./stream_shards.ts";
import { WorkerLeases, type WorkerLeasesServices } from "./worker_leases.ts";

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
export interface LeasedShardsOptions<S extends TableShard = TableShard>
  extends StreamShardsOptions {
  /** The leases of the worker in this stream, and perhaps in others. */
  readonly leases: SharedLeases<S>;
}

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
  readonly #shared: SharedLeases<S>;
  readonly #leases: WorkerLeases<S>;
  readonly #log: Logger;
  #hasJoined = false;
  #rounds = 0;

  /**
   * Creates a worker that holds no lease.
   *
   * @param services Kinesis, the table, clock and signal.
   * @param options The worker, how long leases last, and where shards begin.
   */
  constructor(services: LeasedShardsServices<S>, options: LeasedShardsOptions<S>) {
    this.#services = services;
    this.stream = new StreamShards(services, options);
    this.#shared = options.leases;
    const { worker, leaseMs } = this.#shared;
    this.#leases = new WorkerLeases(services, { worker, leaseMs, pinned: options.pinned });
    this.#log = workerLog(services);
  }

  /** The name of this worker. */
  get worker(): string {
    return this.#shared.worker;
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
    return this.#leases.open;
  }

  /** How many times the leases have been balanced. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Whether this worker refuses a shard. */
  isRefused(shardId: ShardId): boolean {
    return this.#leases.refused.has(shardId);
  }

  /** Whether a shard is assigned to other workers. */
  isElsewhere(shardId: ShardId): boolean {
    return this.#leases.pinned?.has(shardId) === false;
  }

  /** Whether no lease has expired, at a moment of monotonic time: all were renewed not long before. */
  isFreshAt(now: number): boolean {
    return this.#leases.isFreshAt(now);
  }

  /** Renews the leases if they may have expired, as in a pause of the process or of the database. */
  refresh(): Promise<void> {
    this.#hasJoined = true;
    return this.#shared.refresh(this.#leases);
  }

  /** Joins the other workers, and renews the leases until the signal is aborted. */
  renew(signal: AbortSignal): Promise<void> {
    this.#hasJoined = true;
    return this.#shared.keep(this.#leases, signal);
  }

  /** Takes leases and yields them, and hands others over, until the signal is aborted. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Lease, void, undefined> {
    const { clock, signal } = this.#services;
    if (this.stream.listedAt === undefined) await this.stream.refresh();
    let lookedAt = this.stream.listedAt ?? monotonicNow(clock);
    try {
      for (; !signal.aborted; this.#rounds++) {
        if (monotonicNow(clock) - lookedAt >= LISTING_INTERVAL_MS) {
          await this.#lookAgain();
          lookedAt = monotonicNow(clock);
        }
        yield* this.#shared.next(this.#leases);
      }
    } finally {
      this.#shared.withdraw(this.#leases);
    }
  }

  /** Whether a shard is no longer part of the stream. */
  hasLeft(shardId: ShardId): Promise<boolean> {
    return this.stream.hasLeft(shardId);
  }

  /** Ends the lease of a shard that has ended in the table. */
  end(lease: Lease): void {
    this.#leases.forget(lease.shardId);
    this.#leases.end(lease);
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
  refuse(lease: Lease): Promise<void> {
    return this.#leases.refuse(lease);
  }

  /** Frees the leases at once; if that fails, they expire. */
  async leave(): Promise<void> {
    if (!this.#hasJoined) return;
    try {
      await this.#shared.leave(this.#leases);
    } catch (error) {
      this.#log.warn("Cannot give the leases back, so they last until they expire: {reason}", {
        event: "lease.kept",
        stream: this.#services.table.stream,
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
}
