/**
 * The rounds in which a worker balances the leases of all of its streams.
 *
 * @module
 */

import { type Clock, monotonicNow, pause } from "../base/clock.ts";
import { Notifier } from "../base/notifier.ts";
import { retryService, type RetryServiceOptions, type WorkerLog } from "../base/retry.ts";
import type { Lease } from "./lease.ts";
import { type LeasePlan, planLeases } from "./plan_leases.ts";
import { monitorOfAll } from "./shard_monitor.ts";
import type { LeaseTables, TableShard } from "./table/lease_table.ts";
import type { WorkerLeases } from "./worker_leases.ts";

/** What {@linkcode LeaseRounds} need. */
export interface LeaseRoundsParts<S extends TableShard> {
  readonly clock: Clock;
  /** The tables of all streams. */
  readonly tables: LeaseTables<S>;
  readonly logged?: WorkerLog | undefined;
  /** The name of this worker. */
  readonly worker: string;
  /** Time between two rounds, in milliseconds. */
  readonly intervalMs: number;
  /** The streams that this worker has joined. */
  readonly members: ReadonlySet<WorkerLeases<S>>;
}

/** After so many leases, other work of the process gets its turn: a database in the process never waits. */
const LEASES_A_TURN = 100;

/** How many times longer than a look at the tables the pause after it is: many changes are one round. */
const PAUSE_RATIO = 4;

/**
 * Looks at the shards of all streams now and then, hands leases over, and takes others. A stream takes
 * part in a round if it waits for one. Shards of the others are counted, and left as they are.
 */
export class LeaseRounds<S extends TableShard> {
  readonly #parts: LeaseRoundsParts<S>;
  /** Streams that take part, each until it is withdrawn. */
  readonly #present = new Set<WorkerLeases<S>>();
  readonly #waiting = new Map<WorkerLeases<S>, LeaseInbox>();
  /** Those that took part in the last round. */
  #last: ReadonlySet<WorkerLeases<S>> = new Set();
  readonly #changed = new Notifier();
  #idle = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: LeaseRoundsParts<S>) {
    this.#parts = parts;
  }

  /** Begins the next round soon: there may be something to do. */
  notify(): void {
    this.#changed.notify();
  }

  /** Yields the leases that the next round takes in a stream; it ends early if the stream is stopped. */
  async *next(member: WorkerLeases<S>): AsyncGenerator<Lease, void, undefined> {
    const inbox = new LeaseInbox();
    this.#waiting.set(member, inbox);
    if (this.#present.size === 0) this.#start();
    this.#present.add(member);
    if (!this.#last.has(member)) this.notify(); // its turn may have been long ago
    yield* inbox.leases(member.over);
    member.failed.throwIfAborted();
  }

  /** Ends the part of a stream. */
  withdraw(member: WorkerLeases<S>): void {
    this.#waiting.delete(member);
    if (!this.#present.delete(member) || this.#present.size > 0) return;
    this.#idle.abort();
    this.notify();
  }

  #start(): void {
    const { signal } = this.#idle = new AbortController();
    this.#running = this.#running.then(() => this.#run(signal)).catch((error) => {
      for (const member of this.#present) member.fail(error);
    });
  }

  async #run(idle: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#parts;
    while (!idle.aborted) {
      const turn = new AbortController();
      const changed = this.#changed.wait(turn.signal).then(() => turn.abort());
      const lookMs = await this.#round(idle);
      const isDue = await pause(clock, intervalMs, turn.signal);
      turn.abort();
      await changed; // nothing must be left of a wait
      const restMs = isDue ? 0 : Math.min(lookMs * PAUSE_RATIO, intervalMs);
      if (restMs > 0) await pause(clock, restMs, idle);
    }
  }

  /** Balances the leases of all streams; returns how long the look at the tables took. */
  async #round(idle: AbortSignal): Promise<number> {
    const { clock, worker } = this.#parts;
    // Without knowing the other workers, this one would take everything.
    const members = [...this.#parts.members].filter(({ workers }) => workers.length > 0);
    const round = new Map([...this.#waiting].filter(([member]) => members.includes(member)));
    this.#last = new Set(round.keys());
    if (round.size === 0) return 0;
    for (const member of round.keys()) this.#waiting.delete(member);
    const begunAt = monotonicNow(clock);
    const known = await this.#look(members, idle);
    const lookMs = monotonicNow(clock) - begunAt;
    for (const plan of planLeases(known, worker)) {
      for (const { of: member, shardId } of plan.release) {
        if (round.has(member)) member.handOver(shardId);
      }
      await this.#take(plan, round);
    }
    for (const inbox of round.values()) inbox.end();
    return lookMs;
  }

  /** Reads the open shards of streams; those with which that is impossible fail, and are left out. */
  async #look(
    members: readonly WorkerLeases<S>[],
    signal: AbortSignal,
  ): Promise<WorkerLeases<S>[]> {
    const { tables, clock, logged } = this.#parts;
    const monitor = monitorOfAll(members);
    const asking = { clock, logged, signal, monitor };
    try {
      const open = await retryService("ledger", asking, () => tables.openShards(members));
      for (const [index, member] of members.entries()) member.look(open[index]!);
      return [...members];
    } catch (error) {
      if (signal.aborted) return [];
      if (members.length > 1) return await this.#lookAtEach(members, asking);
      for (const member of members) member.fail(error);
      return [];
    }
  }

  /** Finds out which stream cannot be read, such as one with a damaged row. */
  async #lookAtEach(
    members: readonly WorkerLeases<S>[],
    asking: RetryServiceOptions,
  ): Promise<WorkerLeases<S>[]> {
    const known: WorkerLeases<S>[] = [];
    for (const member of members) {
      const { table, monitor } = member;
      try {
        const read = () => table.shards("open");
        member.look(await retryService("ledger", { ...asking, monitor }, read));
        known.push(member);
      } catch (error) {
        if (asking.signal?.aborted) return [];
        member.fail(error);
      }
    }
    return known;
  }

  /** Takes the leases that are wanted. */
  async #take(
    { take, wanted }: LeasePlan<WorkerLeases<S>>,
    round: ReadonlyMap<WorkerLeases<S>, LeaseInbox>,
  ): Promise<void> {
    const { clock } = this.#parts;
    let taken = 0;
    for (const { of: member, shardId } of take) {
      if (taken === wanted) return;
      const inbox = round.get(member);
      if (inbox === undefined || member.over.aborted) continue;
      try {
        const lease = await member.take(shardId);
        if (lease === undefined) continue;
        taken++;
        lease.signal.addEventListener("abort", () => this.notify(), { once: true });
        inbox.push(lease);
        if (taken % LEASES_A_TURN === 0) await clock.sleep(0);
      } catch (error) {
        if (!member.over.aborted) member.fail(error);
      }
    }
  }
}

/** Where a round leaves the leases of one stream. */
class LeaseInbox {
  readonly #leases: Lease[] = [];
  readonly #changed = new Notifier();
  #isOver = false;

  push(lease: Lease): void {
    this.#leases.push(lease);
    this.#changed.notify();
  }

  /** Notes that nothing more comes. */
  end(): void {
    this.#isOver = true;
    this.#changed.notify();
  }

  /** Yields what comes until the end of the round, or until the signal is aborted. */
  async *leases(signal: AbortSignal): AsyncGenerator<Lease, void, undefined> {
    for (let index = 0;;) {
      if (index < this.#leases.length) yield this.#leases[index++]!;
      else if (this.#isOver || signal.aborted) return;
      else await this.#changed.wait(signal);
    }
  }
}
