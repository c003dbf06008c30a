/**
 * The leases of one worker in all streams that it reads.
 *
 * @module
 */

import { type Clock, monotonicNow, pause } from "../base/clock.ts";
import { Notifier } from "../base/notifier.ts";
import { retryService, type WorkerLog } from "../base/retry.ts";
import type { Lease } from "./lease.ts";
import { LeaseRounds } from "./lease_rounds.ts";
import { monitorOfAll } from "./shard_monitor.ts";
import type { LeaseTable, LeaseTables, TableShard } from "./table/lease_table.ts";
import type { WorkerLeases } from "./worker_leases.ts";

/** Services for {@linkcode SharedLeases}. */
export interface SharedLeasesServices<S extends TableShard> {
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** The tables of all streams. */
  readonly tables: LeaseTables<S>;
  /**
   * How retries are logged. Default: as those of an archiver.
   *
   * @internal
   */
  readonly logged?: WorkerLog | undefined;
  /** Ends renewals that are being retried. Default: they are retried until they succeed. */
  readonly closed?: AbortSignal | undefined;
}

/** Options for {@linkcode SharedLeases}. */
export interface SharedLeasesOptions {
  /** The name of this worker in all streams, unlike any other's. */
  readonly worker: string;
  /** How long a lease lasts without being renewed, in milliseconds. */
  readonly leaseMs: number;
}

/**
 * The leases of one worker in any number of streams, which join and leave at any time.
 *
 * All are renewed in one transaction, and balanced in one plan over the shards of all streams:
 * thirty streams of one shard are ten for each of three workers.
 */
export class SharedLeases<S extends TableShard = TableShard> {
  readonly #services: SharedLeasesServices<S>;
  readonly #options: SharedLeasesOptions;
  readonly #members = new Set<WorkerLeases<S>>();
  /** Those that never join again: what comes late must not bring the worker back. */
  readonly #left = new WeakSet<WorkerLeases<S>>();
  readonly #rounds: LeaseRounds<S>;
  /** Ends the renewals, once no stream is left. */
  #idle = new AbortController();
  #renewing: Promise<void> | undefined;
  /** The request that is under way, whatever becomes of it. */
  #request: Promise<unknown> = Promise.resolve();
  /** When the leases were last renewed, in monotonic time. */
  #renewedAt = Infinity;
  /** Until when other workers are given time to come back after an outage. */
  #waitsUntil: number | undefined;

  /**
   * Creates a worker without a stream.
   *
   * @param services Clock and tables.
   * @param options Name of the worker, and length of leases.
   */
  constructor(services: SharedLeasesServices<S>, options: SharedLeasesOptions) {
    this.#services = services;
    this.#options = options;
    const { worker, leaseMs } = options;
    const intervalMs = leaseMs / 10;
    this.#rounds = new LeaseRounds({ ...services, worker, intervalMs, members: this.#members });
  }

  /** The name of this worker. */
  get worker(): string {
    return this.#options.worker;
  }

  /** How long a lease lasts without being renewed, in milliseconds. */
  get leaseMs(): number {
    return this.#options.leaseMs;
  }

  /** All workers of any of the streams that are alive, as of the last renewal, in order. */
  get workers(): readonly string[] {
    return [...new Set([...this.#members].flatMap(({ workers }) => workers))].sort();
  }

  /**
   * Joins a stream, and renews its leases until the signal is aborted.
   *
   * @internal
   * @throws What makes it impossible to go on with the stream.
   */
  async keep(member: WorkerLeases<S>, signal: AbortSignal): Promise<void> {
    this.#join(member);
    const over = new Notifier();
    const notify = () => over.notify();
    member.failed.addEventListener("abort", notify, { once: true });
    while (!signal.aborted && !member.failed.aborted) await over.wait(signal);
    member.failed.removeEventListener("abort", notify);
    this.#drop(member);
    if (!signal.aborted) member.failed.throwIfAborted();
  }

  /**
   * Renews the leases, of a stream that joins if it has not, if they may have expired.
   *
   * @internal
   */
  async refresh(member: WorkerLeases<S>): Promise<void> {
    this.#join(member);
    const { clock } = this.#services;
    while (this.#members.has(member) && !member.isFreshAt(monotonicNow(clock))) {
      await this.#renew();
    }
  }

  /**
   * Yields the leases that the next round takes in a stream; it ends early if the stream is stopped.
   *
   * @internal
   */
  next(member: WorkerLeases<S>): AsyncGenerator<Lease, void, undefined> {
    return this.#rounds.next(member);
  }

  /**
   * Takes no more leases in a stream.
   *
   * @internal
   */
  withdraw(member: WorkerLeases<S>): void {
    this.#rounds.withdraw(member);
  }

  /**
   * Leaves a stream: its leases are free at once, those of other streams are kept.
   *
   * @internal
   */
  async leave(member: WorkerLeases<S>): Promise<void> {
    this.#left.add(member);
    this.#drop(member);
    this.withdraw(member);
    // What is under way would bring the worker or a lease back.
    await Promise.all([this.#request, member.settled()]);
    await member.table.leave(this.worker);
  }

  #join(member: WorkerLeases<S>): void {
    if (this.#members.has(member) || this.#left.has(member)) return;
    const { client, stream } = member;
    for (const other of this.#members) {
      if (other.client !== client || other.stream !== stream) continue;
      throw new TypeError(`Cannot join "${stream}" twice, for client "${client}"`);
    }
    this.#members.add(member);
    if (this.#members.size === 1) {
      this.#idle = new AbortController();
      this.#keepRenewing(this.#idle.signal).catch((error) => this.#fail(error));
    }
    this.refresh(member).catch((error) => member.fail(error));
  }

  #drop(member: WorkerLeases<S>): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return;
    this.#idle.abort();
    this.#renewedAt = Infinity;
    this.#waitsUntil = undefined;
  }

  #fail(error: unknown): void {
    for (const member of this.#members) member.fail(error);
  }

  async #keepRenewing(idle: AbortSignal): Promise<void> {
    while (await pause(this.#services.clock, this.leaseMs / 5, idle)) await this.#renew();
  }

  /** Renews all leases. A renewal under way is joined. */
  #renew(): Promise<void> {
    return this.#renewing ??= this.#renewAll().finally(() => this.#renewing = undefined);
  }

  async #renewAll(): Promise<void> {
    const { tables, clock, logged, closed: signal } = this.#services;
    const { worker, leaseMs } = this.#options;
    let sent: { readonly member: WorkerLeases<S>; readonly before: readonly Lease[] }[] = [];
    let sentAt = 0;
    const request = () => {
      const members = [...this.#members]; // of each attempt: some may have joined or left
      sent = members.map((member) => ({ member, before: [...member.held.values()] }));
      sentAt = monotonicNow(clock);
      if (members.length === 0) return Promise.resolve([]); // all have left: there is nothing to retry
      const renewing = tables.renew(worker, members, leaseMs);
      this.#request = renewing.catch(() => {});
      return renewing;
    };
    // Also while it is time to stop: the last files may take long to upload. And often, so that all
    // workers are back soon after the database is.
    const monitor = monitorOfAll([...this.#members]);
    const options = { clock, monitor, logged, signal, maxDelayMs: leaseMs / 10 };
    const renewals = await retryService("ledger", options, request);
    if (sent.length === 0) return;
    const isWaiting = this.#noteRenewal();
    for (const [index, { member, before }] of sent.entries()) {
      if (!this.#members.has(member)) continue;
      const isFirst = member.workers.length === 0;
      member.renewed({ ...renewals[index]!, before, sentAt, isWaiting });
      if (isFirst) this.#rounds.notify();
    }
  }

  /**
   * Notes that the leases were renewed; true if other workers may still come back.
   *
   * All leases expire in an outage of their length. The first worker after it must not take those of
   * the others, which would lose what they have read: they have until the next renewal to return.
   */
  #noteRenewal(): boolean {
    const now = monotonicNow(this.#services.clock);
    if (this.#waitsUntil === undefined) {
      if (now - this.#renewedAt > this.leaseMs) this.#waitsUntil = now + this.leaseMs / 5;
    } else if (now >= this.#waitsUntil) this.#waitsUntil = undefined;
    this.#renewedAt = now;
    return this.#waitsUntil !== undefined;
  }
}

/** The leases of a worker in one stream alone. */
export function sharedLeasesOf<S extends TableShard>(
  { table, ...services }: Omit<SharedLeasesServices<S>, "tables"> & {
    readonly table: LeaseTable<S>;
  },
  options: SharedLeasesOptions,
): SharedLeases<S> {
  const tables: LeaseTables<S> = {
    renew: (worker, keys, ttlMs) => Promise.all(keys.map(() => table.renew(worker, ttlMs))),
    openShards: (keys) => Promise.all(keys.map(() => table.shards("open"))),
  };
  return new SharedLeases({ ...services, tables }, options);
}
