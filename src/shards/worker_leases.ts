/**
 * The leases of one worker.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { type Clock, monotonicNow } from "../base/clock.ts";
import type { ShardId } from "../base/record.ts";
import { retryService, type RetryServiceOptions, workerLog } from "../base/retry.ts";
import { type Lease, LeaseLostError } from "./lease.ts";
import type { ShardMonitor } from "./shard_monitor.ts";
import type { LeaseTable } from "./table/lease_table.ts";

/** Services for {@linkcode WorkerLeases}. */
export interface WorkerLeasesServices extends RetryServiceOptions {
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** The table of leases. */
  readonly table: LeaseTable;
  /** Receives answers, failures and lost leases. */
  readonly monitor?: ShardMonitor | undefined;
  /** Ends renewals, which go on after `signal`. Default: they are retried until they succeed. */
  readonly closed?: AbortSignal | undefined;
}

/** Options for {@linkcode WorkerLeases}. */
export interface WorkerLeasesOptions {
  /** The name of this worker, unlike any other's. */
  readonly worker: string;
  /** How long a lease lasts without being renewed, in milliseconds. */
  readonly leaseMs: number;
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

/** The leases of one worker: takes them, renews them, and notices their loss. */
export class WorkerLeases {
  readonly #services: WorkerLeasesServices;
  readonly #options: WorkerLeasesOptions;
  readonly #held = new Map<ShardId, HeldLease>();
  /** Shards whose lease is being acquired. */
  readonly #taking = new Set<ShardId>();
  readonly #log: Logger;
  #workers: readonly string[] = [];
  /** When the leases were last renewed, in monotonic time. */
  #renewedAt = Infinity;
  /** When the last renewal that succeeded was sent. */
  #sentAt = -Infinity;
  #renewing: Promise<void> | undefined;
  /** Whether other workers are given time to come back after an outage. */
  #isWaiting = false;

  /** Creates a worker that holds no lease. */
  constructor(services: WorkerLeasesServices, options: WorkerLeasesOptions) {
    this.#services = services;
    this.#options = options;
    this.#log = workerLog(services);
  }

  /** The leases that this worker holds, as far as it knows. */
  get held(): ReadonlyMap<ShardId, Lease> {
    return this.#held;
  }

  /** All workers that are alive, as of the last renewal. */
  get workers(): readonly string[] {
    return this.#workers;
  }

  /** Whether no lease can have expired since the last renewal, at a moment of monotonic time. */
  isFreshAt(now: number): boolean {
    return now - this.#sentAt < this.#options.leaseMs;
  }

  /** Renews all leases, and ends those that another worker has. A renewal under way is joined. */
  renew(): Promise<void> {
    return this.#renewing ??= this.#renew().finally(() => this.#renewing = undefined);
  }

  async #renew(): Promise<void> {
    const { table, clock, monitor, logged, closed: signal } = this.#services;
    const { worker, leaseMs } = this.#options;
    let sentAt = 0;
    const before = [...this.#held.values()];
    // Also while it is time to stop: the last files may take long to upload. And often, so that all
    // workers are back soon after the database is.
    const renewal = await retryService(
      "ledger",
      { clock, monitor, logged, signal, maxDelayMs: leaseMs / 10 },
      () => {
        sentAt = monotonicNow(clock);
        return table.renew(worker, leaseMs);
      },
    );
    this.#sentAt = sentAt;
    // All leases expire in an outage of that length. The first worker after it must not take those of
    // the others, which would lose what they have read: they have until the next renewal to return.
    this.#isWaiting = !this.#isWaiting && monotonicNow(clock) - this.#renewedAt > leaseMs;
    this.#renewedAt = monotonicNow(clock);
    if (!this.#isWaiting) this.#workers = renewal.workers;
    for (const lease of before) {
      if (renewal.held.get(lease.shardId) !== lease.epoch) this.lose(lease);
    }
    await this.#releaseStrays(renewal.held.keys());
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
    this.#taking.add(shardId);
    try {
      const acquire = () => this.#services.table.acquire(shardId, worker, leaseMs);
      const epoch = await retryService("ledger", this.#services, acquire);
      if (epoch === undefined) return undefined;
      const lease = new HeldLease(shardId, epoch);
      this.#held.set(shardId, lease);
      return lease;
    } finally {
      this.#taking.delete(shardId);
    }
  }

  /** Ends the reading of a shard that goes to another worker; the lease is held until it is released. */
  handOver(shardId: ShardId): void {
    this.#held.get(shardId)?.over.abort();
  }

  /** Releases a lease; whatever was read under it must have been archived or discarded. */
  async release(lease: Lease): Promise<void> {
    if (this.end(lease)) await this.#release([lease.shardId], this.#services);
  }

  /** Ends a lease that another worker has. */
  lose(lease: Lease): void {
    const { shardId } = lease;
    if (!this.end(lease, new LeaseLostError(shardId))) return;
    this.#log.warn("Lost the lease of {shardId}: another worker has it", {
      event: "lease.lost",
      shardId,
    });
    this.#services.monitor?.leaseLost(shardId);
  }

  /** Ends a lease on this side alone; false if it had ended before. */
  end(lease: Lease, reason?: LeaseLostError): boolean {
    const held = this.#held.get(lease.shardId);
    if (held !== lease) return false;
    this.#held.delete(lease.shardId);
    held.over.abort(reason);
    return true;
  }

  #release(shardIds: readonly ShardId[], options: RetryServiceOptions): Promise<void> {
    const release = () => this.#services.table.release(this.#options.worker, shardIds);
    return retryService("ledger", options, release);
  }
}
