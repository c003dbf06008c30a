import { getLogger } from "@logtape/logtape";
import type { LedgerShard } from "../ledger/archive_ledger.ts";
import { monotonicNow } from "../base/clock.ts";
import type { ShardId } from "../base/record.ts";
import { Lease } from "./lease.ts";
import { type LeasePlan, planLeases } from "./plan_leases.ts";
import { type Patience, persist, type Services } from "./services.ts";

const log = getLogger(["triton", "archiver"]);

/** What {@linkcode ShardLeases} needs to know. */
export interface ShardLeasesOptions {
  /** This worker's name, unlike any other's. */
  readonly worker: string;
  /** How long a lease lasts without being renewed, in milliseconds. */
  readonly leaseMs: number;
  /** The only shards to take, if it is not to be an even share of all. */
  readonly pinned?: ReadonlySet<ShardId> | undefined;
  /** Told of a lease that another worker has by now. */
  readonly onLost: (lease: Lease) => void;
}

/** The leases of this worker: takes them, renews them, and notices their loss. */
export class ShardLeases {
  readonly #services: Pick<Services, "ledger"> & Patience;
  readonly #options: ShardLeasesOptions;
  readonly #held = new Map<ShardId, Lease>();
  readonly #refused = new Set<ShardId>();
  /** Shards whose lease was asked for and is not answered yet. */
  readonly #taking = new Set<ShardId>();
  #workers: readonly string[] = [];
  /** When the leases were last renewed, in monotonic time. */
  #renewedAt = Infinity;
  /** Whether other workers are given time to come back after an outage. */
  #isWaiting = false;
  #open: readonly LedgerShard[] | undefined;

  constructor(services: Pick<Services, "ledger"> & Patience, options: ShardLeasesOptions) {
    this.#services = services;
    this.#options = options;
  }

  /** The leases that this worker holds, as far as it knows. */
  get held(): readonly Lease[] {
    return [...this.#held.values()];
  }

  /** This worker's name. */
  get worker(): string {
    return this.#options.worker;
  }

  /** All workers that are alive, as the ledger last said. */
  get workers(): readonly string[] {
    return this.#workers;
  }

  /** The shards that have not ended, as the ledger last said; undefined if it was not asked yet. */
  get open(): readonly LedgerShard[] | undefined {
    return this.#open;
  }

  /** Whether a shard is left alone because it cannot be archived. */
  isRefused(shardId: ShardId): boolean {
    return this.#refused.has(shardId);
  }

  /** Whether a shard is left to workers that it is placed with by hand. */
  isElsewhere(shardId: ShardId): boolean {
    return this.#options.pinned?.has(shardId) === false;
  }

  /** Renews all leases, and drops those that another worker has by now. */
  async renew(): Promise<void> {
    const { ledger, clock, monitor } = this.#services;
    const { worker, leaseMs } = this.#options;
    const before = this.held;
    // Also while it is time to stop: the last files may take long to upload. And often, so that all
    // workers are back soon after the database is.
    const renewal = await persist(
      "ledger",
      { clock, monitor, maxDelayMs: leaseMs / 10 },
      () => ledger.renew(worker, leaseMs),
    );
    // All leases ran out in an outage of that length. Whoever is first after it must not take those
    // of the others, who would have read for nothing: they have until the next time to come back.
    this.#isWaiting = !this.#isWaiting && monotonicNow(clock) - this.#renewedAt > leaseMs;
    this.#renewedAt = monotonicNow(clock);
    if (!this.#isWaiting) this.#workers = renewal.workers;
    for (const lease of before) {
      if (renewal.held.get(lease.shardId) !== lease.epoch) this.lose(lease);
    }
    await this.#releaseStrays(renewal.held.keys());
  }

  /**
   * Gives back leases that the ledger keeps for this worker though it does not know of them: the
   * request for one may take effect long after its answer was given up. It would be renewed for ever.
   */
  async #releaseStrays(held: Iterable<ShardId>): Promise<void> {
    const { ledger, clock, monitor } = this.#services;
    const strays = [...held].filter((id) => !this.#held.has(id) && !this.#taking.has(id));
    if (strays.length === 0) return;
    await persist(
      "ledger",
      { clock, monitor },
      () => ledger.release(this.#options.worker, strays),
    );
  }

  /** Asks the ledger which leases to take and which to hand over. */
  async plan(): Promise<LeasePlan> {
    const { ledger, monitor } = this.#services;
    // Those that have ended hold nothing back, and become more and more.
    const open = await persist("ledger", this.#services, () => ledger.shards("open"));
    this.#open = open;
    monitor?.forgetEnded(new Set(open.map(({ shardId }) => shardId)));
    return planLeases(open, {
      worker: this.#options.worker,
      workers: this.#workers,
      held: new Set(this.#held.keys()),
      pinned: this.#options.pinned,
      refused: this.#refused,
    });
  }

  /** Takes the lease of a shard; undefined if another worker was faster. */
  async take(shardId: ShardId): Promise<Lease | undefined> {
    const { ledger } = this.#services;
    const { worker, leaseMs } = this.#options;
    this.#taking.add(shardId);
    try {
      const acquire = () => ledger.acquire(shardId, worker, leaseMs);
      const epoch = await persist("ledger", this.#services, acquire);
      if (epoch === undefined) return undefined;
      const lease = new Lease(shardId, epoch);
      this.#held.set(shardId, lease);
      return lease;
    } finally {
      this.#taking.delete(shardId);
    }
  }

  /** Gives a lease back; whatever was read under it must have been archived or discarded. */
  async release(lease: Lease): Promise<void> {
    const { ledger } = this.#services;
    if (!this.forget(lease)) return;
    await persist(
      "ledger",
      this.#services,
      () => ledger.release(this.#options.worker, [lease.shardId]),
    );
  }

  /** Gives a lease back and never takes it again. */
  async refuse(lease: Lease): Promise<void> {
    this.#refused.add(lease.shardId);
    await this.release(lease);
  }

  /** Ends a lease that another worker has by now. */
  lose(lease: Lease): void {
    if (!this.forget(lease)) return;
    log.warn("Lost the lease of {shardId}: another worker goes on with it", {
      event: "lease.lost",
      shardId: lease.shardId,
    });
    this.#services.monitor?.leaseLost(lease.shardId);
    this.#options.onLost(lease);
  }

  /** Ends the lease of a shard that the ledger has ended. */
  end(lease: Lease): void {
    this.forget(lease);
    this.#open = this.#open?.filter(({ shardId }) => shardId !== lease.shardId);
  }

  /** Ends a lease on this side alone; false if it had ended before. */
  forget(lease: Lease): boolean {
    if (this.#held.get(lease.shardId) !== lease) return false;
    this.#held.delete(lease.shardId);
    lease.end();
    return true;
  }
}
