/**
 * The leases of one worker in one stream.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import type { ShardId } from "../base/record.ts";
import { retryService, type RetryServiceOptions, workerLog } from "../base/retry.ts";
import { type Lease, LeaseLostError } from "./lease.ts";
import type { PlannedStream } from "./plan_leases.ts";
import type { ShardMonitor } from "./shard_monitor.ts";
import type { LeaseTable, Renewal, TableShard } from "./table/lease_table.ts";

/** Services for {@linkcode WorkerLeases}. */
export interface WorkerLeasesServices<S extends TableShard = TableShard>
  extends RetryServiceOptions {
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** The table of leases. */
  readonly table: LeaseTable<S>;
  /** Receives answers, failures and lost leases. */
  readonly monitor?: ShardMonitor | undefined;
  /** Ends the taking of leases. */
  readonly signal: AbortSignal;
  /** Ends renewals, which go on after `signal`. Default: they are retried until they succeed. */
  readonly closed?: AbortSignal | undefined;
}

/** Options for {@linkcode WorkerLeases}. */
export interface WorkerLeasesOptions {
  /** The name of this worker, unlike any other's. */
  readonly worker: string;
  /** How long a lease lasts without being renewed, in milliseconds. */
  readonly leaseMs: number;
  /** The only shards that this worker takes. */
  readonly pinned?: ReadonlySet<ShardId> | undefined;
}

/** A renewal, and what this worker knew when it was sent. */
export interface SentRenewal extends Renewal {
  /** The leases that were held. */
  readonly before: readonly Lease[];
  /** When it was sent, in monotonic time. */
  readonly sentAt: number;
  /** Whether workers that are missing may come back: those that were known count as alive. */
  readonly isWaiting: boolean;
}

/** A lease, and how it ends. */
class HeldLease implements Lease {
  readonly shardId: ShardId;
  readonly epoch: number;
  readonly over = new AbortController();

  constructor(shardId: ShardId, epoch: number) {
    this.shardId = shardId;
    this.epoch = epoch;
  }

  get signal(): AbortSignal {
    return this.over.signal;
  }
}

/** The leases of one worker in one stream: takes them, hands them over, and notices their loss. */
export class WorkerLeases<S extends TableShard = TableShard> implements PlannedStream {
  readonly #services: WorkerLeasesServices<S>;
  readonly #options: WorkerLeasesOptions;
  readonly #held = new Map<ShardId, HeldLease>();
  /** Shards whose lease is being acquired. */
  readonly #taking = new Map<ShardId, Promise<unknown>>();
  readonly #refused = new Set<ShardId>();
  readonly #failed = new AbortController();
  readonly #log: Logger;
  /** Aborted when no lease is taken any more: it is time to stop, or impossible to go on. */
  readonly over: AbortSignal;
  #workers: readonly string[] = [];
  #open: readonly S[] | undefined;
  /** When the last renewal that succeeded was sent. */
  #sentAt = -Infinity;

  /** Creates a worker that holds no lease. */
  constructor(services: WorkerLeasesServices<S>, options: WorkerLeasesOptions) {
    this.#services = services;
    this.#options = options;
    this.#log = workerLog(services);
    this.over = AbortSignal.any([services.signal, this.failed]);
  }

  get client(): string {
    return this.table.client;
  }

  get stream(): string {
    return this.table.stream;
  }

  /** The table of leases. */
  get table(): LeaseTable<S> {
    return this.#services.table;
  }

  /** Receives what happens. */
  get monitor(): ShardMonitor | undefined {
    return this.#services.monitor;
  }

  /** The only shards that this worker takes. */
  get pinned(): ReadonlySet<ShardId> | undefined {
    return this.#options.pinned;
  }

  /** The shards that this worker leaves alone. */
  get refused(): ReadonlySet<ShardId> {
    return this.#refused;
  }

  /** The leases that this worker holds, as far as it knows. */
  get held(): ReadonlyMap<ShardId, Lease> {
    return this.#held;
  }

  /** All workers that are alive, as of the last renewal. */
  get workers(): readonly string[] {
    return this.#workers;
  }

  /** The shards that have not ended, as the table had them last; undefined before. */
  get open(): readonly S[] | undefined {
    return this.#open;
  }

  /** The same, none before. */
  get shards(): readonly S[] {
    return this.#open ?? [];
  }

  /** Whether no lease is taken any more. */
  get isStopping(): boolean {
    return this.over.aborted;
  }

  /** Aborted with what makes it impossible to go on. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Whether no lease can have expired since the last renewal, at a moment of monotonic time. */
  isFreshAt(now: number): boolean {
    return now - this.#sentAt < this.#options.leaseMs;
  }

  /** Notes that it is impossible to go on. */
  fail(error: unknown): void {
    this.#failed.abort(error);
  }

  /** Notes which shards are open. */
  look(open: readonly S[]): void {
    this.#open = open;
    this.monitor?.forgetEnded(new Set(open.map(({ shardId }) => shardId)));
  }

  /** Notes that all leases were renewed, and ends those that another worker has. */
  renewed({ before, sentAt, isWaiting, ...renewal }: SentRenewal): void {
    this.#sentAt = sentAt;
    if (!isWaiting) this.#workers = renewal.workers;
    for (const lease of before) {
      if (renewal.held.get(lease.shardId) !== lease.epoch) this.lose(lease);
    }
    this.#releaseStrays(renewal.held.keys()).catch((error) => this.fail(error));
  }

  /**
   * Releases leases that the table has for this worker though it does not know of them: a request for
   * one may take effect long after its response was given up. It would be renewed for ever.
   */
  async #releaseStrays(held: Iterable<ShardId>): Promise<void> {
    const { clock, monitor, logged, closed: signal } = this.#services;
    const strays = [...held].filter((id) => !this.#held.has(id) && !this.#taking.has(id));
    if (strays.length > 0) await this.#release(strays, { clock, monitor, logged, signal });
  }

  /** Takes the lease of a shard; undefined if another worker was faster. */
  async take(shardId: ShardId): Promise<Lease | undefined> {
    const { worker, leaseMs } = this.#options;
    const acquire = () => this.table.acquire(shardId, worker, leaseMs);
    const taking = retryService("ledger", this.#services, acquire);
    this.#taking.set(shardId, taking);
    try {
      const epoch = await taking;
      if (epoch === undefined) return undefined;
      const lease = new HeldLease(shardId, epoch);
      this.#held.set(shardId, lease);
      return lease;
    } finally {
      this.#taking.delete(shardId);
    }
  }

  /** Waits for leases that are being acquired. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#taking.values());
  }

  /** Ends the reading of a shard that goes to another worker; the lease is held until it is released. */
  handOver(shardId: ShardId): void {
    this.#held.get(shardId)?.over.abort();
  }

  /** Releases a lease; whatever was read under it must have been archived or discarded. */
  async release(lease: Lease): Promise<void> {
    if (this.end(lease)) await this.#release([lease.shardId], this.#services);
  }

  /** Releases a lease, and never takes it again. */
  async refuse(lease: Lease): Promise<void> {
    this.#refused.add(lease.shardId);
    await this.release(lease);
  }

  /** Ends a lease that another worker has. */
  lose(lease: Lease): void {
    const { shardId } = lease;
    if (!this.end(lease, new LeaseLostError(shardId))) return;
    this.#log.warn("Lost the lease of {shardId}: another worker has it", {
      event: "lease.lost",
      stream: this.stream,
      shardId,
    });
    this.monitor?.leaseLost(shardId);
  }

  /** Ends a lease on this side alone; false if it had ended before. */
  end(lease: Lease, reason?: LeaseLostError): boolean {
    const held = this.#held.get(lease.shardId);
    if (held !== lease) return false;
    this.#held.delete(lease.shardId);
    held.over.abort(reason);
    return true;
  }

  /** Notes that a shard has ended in the table. */
  forget(shardId: ShardId): void {
    this.#open = this.#open?.filter((shard) => shard.shardId !== shardId);
  }

  #release(shardIds: readonly ShardId[], options: RetryServiceOptions): Promise<void> {
    const release = () => this.table.release(this.#options.worker, shardIds);
    return retryService("ledger", options, release);
  }
}
