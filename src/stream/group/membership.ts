import { getLogger } from "@logtape/logtape";
import { type Clock, monotonicNow, pause, systemClock } from "../../base/clock.ts";
import { messageOf, TritonError } from "../../base/errors.ts";
import { whenAborted } from "../../base/notifier.ts";
import type { ShardId } from "../../base/record.ts";
import { retryService, type RetryServiceOptions, type ServiceName } from "../../base/retry.ts";
import { ServiceTime, type StartPosition } from "../../kinesis/mod.ts";
import { isLost, type Lease } from "../../shards/lease.ts";
import { LeasedShards } from "../../shards/leased_shards.ts";
import type { GroupShard, GroupTable } from "../../shards/group/group_table.ts";
import { sharedLeasesOf } from "../../shards/shared_leases.ts";
import { toStartPlan } from "../../shards/stream_start.ts";
import type { PartDetails, PartWatch } from "../watch/part_watch.ts";
import { type FetchGap, ShardFetcher } from "../shard_fetcher.ts";
import type { EventHub, LossReason } from "./events.ts";
import {
  DEFAULT_LEASE_MS,
  DEFAULT_STALL_MS,
  type GroupOptions,
  type GroupServices,
} from "./group_options.ts";
import { HeldShard } from "./held_shard.ts";
import { PositionSaver } from "./position_saver.ts";

const log = getLogger(["triton", "group"]);

/** The options that a {@linkcode Membership} needs. */
export type MembershipOptions = Omit<GroupOptions, "schema" | "onInvalid" | "retries" | "onPoison">;

/** What a {@linkcode Membership} consists of, besides its options. */
export interface MembershipParts {
  readonly services: GroupServices;
  readonly events: EventHub;
  /** Counts what is read. */
  readonly watch: PartWatch;
  /** The name of the member, unlike any other's. */
  readonly worker: string;
  /** Processes a shard until it is no longer readable; without it, the owner looks at `shards`. */
  readonly consume?: ((shard: HeldShard, member: Membership) => Promise<void>) | undefined;
}

/**
 * One membership in a group: it takes leases, fetches their shards, saves positions, hands shards over,
 * and ends those that are processed to their end. It begins with {@linkcode start}, and ends when it is
 * stopped, fails, or a handler stalls.
 */
export class Membership {
  /** Saves positions. */
  readonly saver: PositionSaver;
  readonly clock: Clock;
  /** The name of the member. */
  readonly worker: string;
  /** The table of the group. */
  readonly table: GroupTable;
  readonly #parts: MembershipParts;
  readonly #options: MembershipOptions;
  readonly #stop = new AbortController();
  readonly #onAbort = () => this.#stop.abort();
  readonly #renewing = new AbortController();
  readonly #closed = new AbortController();
  readonly #asking: RetryServiceOptions;
  readonly #time: ServiceTime;
  readonly #shards: LeasedShards<GroupShard>;
  readonly #fetcher: ShardFetcher;
  readonly #held = new Set<HeldShard>();
  /** Shards that are over, with a handler that has not returned. */
  readonly #lingering = new Set<HeldShard>();
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;
  #ending: Promise<void> = Promise.resolve();
  #hasStalled = false;
  #lastError: string | undefined;

  constructor(parts: MembershipParts, options: MembershipOptions) {
    const { services: { kinesis, table }, worker, watch } = parts;
    const { clock = systemClock, leaseMs = DEFAULT_LEASE_MS } = options;
    this.#parts = parts;
    this.#options = options;
    this.clock = clock;
    this.table = table;
    this.worker = worker;
    const { signal } = this;
    signal.addEventListener("abort", () => this.#revokeAll(), { once: true });
    const logged = { category: ["triton", "group"], ledger: "group database" } as const;
    const monitor = {
      retried: (service: ServiceName, error: unknown) => watch.retried({ service, error }),
      ...{ asked() {}, answered() {}, gaveUp() {} },
      ...{ gap() {}, leaseLost() {}, forgetEnded() {} },
    };
    this.#asking = { clock, logged, monitor, signal: this.#closed.signal };
    this.#time = options.time ?? new ServiceTime(clock);
    const asking = { clock, table, logged, monitor, closed: this.#closed.signal };
    this.#shards = new LeasedShards<GroupShard>({ ...asking, kinesis, time: this.#time, signal }, {
      leases: sharedLeasesOf(asking, { worker, leaseMs }),
      from: toStartPlan(options.from).from,
    });
    this.#fetcher = new ShardFetcher({ kinesis, shards: this.#shards, watch }, table.stream, {
      ...{ clock, time: this.#time, onRetry: watch.onRetry(options.onRetry) },
      ...{ pollIntervalMs: options.pollIntervalMs, limit: options.limit },
      maxBufferedBytes: options.maxBufferedBytes,
    });
    this.saver = new PositionSaver({
      ...{ table, worker, clock, shards: () => this.#held, ask: (request) => this.#ask(request) },
      lose: (shard) => this.lose(shard),
      watch,
    });
  }

  /** What is being read. */
  get details(): PartDetails {
    const { savedAt } = this.saver;
    return { ...this.#fetcher.details(monotonicNow(this.clock)), savedAt };
  }

  /** Aborted when nothing more is read, for any reason. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** The shards that this member holds. */
  get shards(): readonly HeldShard[] {
    return [...this.#held];
  }

  /** All members that are alive, as of the last renewal. */
  get members(): readonly string[] {
    return this.#shards.workers;
  }

  /** The shards of the group that have not ended, as of the last look. */
  get open(): readonly GroupShard[] {
    return this.#shards.open ?? [];
  }

  /** The last failure of a handler that has not succeeded since. */
  get lastError(): string | undefined {
    return this.#lastError;
  }

  /** Whether a handler was running for too long, so that this membership has ended. */
  get hasStalled(): boolean {
    return this.#hasStalled;
  }

  /** Maximum memory of the records of one shard, in bytes. */
  get share(): number {
    return this.#fetcher.share;
  }

  /** Whether records may be read; throws what the membership has failed with. */
  get isRunning(): boolean {
    if (this.#failure !== undefined) throw this.#failure.error;
    return !this.signal.aborted;
  }

  /** Whether the leases may be relied on without a renewal, at a moment of monotonic time. */
  isFreshAt(now: number): boolean {
    return this.#shards.isFreshAt(now);
  }

  /** Renews leases that may have expired: whoever was asleep looks whether the shards are still its own. */
  async refresh(): Promise<void> {
    if (!this.isFreshAt(monotonicNow(this.clock))) {
      await this.#unlessStopped(this.#shards.refresh());
    }
  }

  /** Saves all positions: the reading waits for it, unless it ends. */
  async save(): Promise<void> {
    await this.#unlessStopped(this.saver.saveAll());
  }

  /** Waits until there may be something to read, or a shard comes or goes. */
  wait(): Promise<void> {
    return this.#fetcher.changed.wait();
  }

  /** Begins to take leases. */
  start(): void {
    log.info("Reading {stream} as member {worker} of group {client}", {
      event: "group.joined",
      stream: this.table.stream,
      client: this.table.client,
      worker: this.worker,
    });
    const outer = this.#options.signal;
    if (outer?.aborted) this.#stop.abort();
    outer?.addEventListener("abort", this.#onAbort, { once: true });
    this.#run(this.#lead());
    this.#run(this.saver.run(this.signal));
    this.#run(this.#watch());
    this.#run(this.#compare());
    this.#ending = this.#end();
    this.#ending.catch(() => {}); // whoever waits for it gets the error
  }

  /** Ends everything because of an error. */
  fail(error: unknown): void {
    // What waits when it is time to stop throws the reason of the signal.
    if (this.signal.aborted && error === this.signal.reason) return;
    this.#failure ??= { error };
    this.#stop.abort();
  }

  /** Drops what is buffered, waits for handlers, saves, and leaves the group. It can be called again. */
  stop(): Promise<void> {
    this.#stop.abort();
    return this.ended();
  }

  /** Waits until the member has left the group; throws what it has failed with. */
  ended(): Promise<void> {
    return this.#ending;
  }

  /** Waits until all handlers have returned, or the signal is aborted. */
  async settled(signal: AbortSignal): Promise<void> {
    for (const shard of this.#lingering) await whenIdle(shard, signal);
  }

  /** Gives up a shard that another member has. */
  lose(shard: HeldShard): void {
    this.#shards.lose(shard.lease);
  }

  /** Notes that a handler has failed or, without an error, succeeded. */
  note(error?: unknown): void {
    const text = error === undefined ? undefined : messageOf(error);
    if (text === this.#lastError) return;
    this.#lastError = text;
    // It is for people to look at: nothing depends on it.
    this.table.report(this.worker, text).catch(() => {});
  }

  /** Where a shard stands in the table; undefined if it is lost. */
  position({ shardId, lease: { epoch } }: HeldShard) {
    return this.#ask(() => this.table.position(shardId, this.worker, epoch));
  }

  /** Takes leases, once the group and this member are known to the table. */
  async #lead(): Promise<void> {
    await this.#shards.stream.refresh();
    await this.refresh();
    this.#run(this.#shards.renew(this.#renewing.signal));
    for await (const lease of this.#shards) this.#run(this.#hold(lease));
  }

  /** Holds a shard until it ends, is lost, or was handed over. */
  async #hold(lease: Lease): Promise<void> {
    const opened = await this.#open(lease);
    if (opened === undefined) return;
    const { shard, from } = opened;
    this.#held.add(shard);
    this.#emit(shard, "assigned");
    this.#run(this.#fetch(shard, from));
    const { consume } = this.#parts;
    if (consume !== undefined) this.#run(consume(shard, this));
    try {
      for (let isOver = false; !isOver;) {
        const changed = shard.changed.wait(); // or a change during the look would be missed
        isOver = await this.#isOver(shard);
        if (!isOver) await changed;
      }
    } finally {
      shard.end();
      this.#fetcher.close(shard.queue);
      this.#held.delete(shard);
      if (!shard.isIdle) this.#linger(shard);
      this.#fetcher.changed.notify();
    }
  }

  /** Fetches a shard until it ends, or its lease does. */
  async #fetch(shard: HeldShard, from: StartPosition): Promise<void> {
    await this.#fetcher.fetch(shard.queue, from, (gap) => this.#recordGap(shard, gap));
    shard.changed.notify(); // it may have ended with nothing left to process
  }

  /** Where a shard is read from; undefined if its lease is over already. */
  async #open(lease: Lease): Promise<{ shard: HeldShard; from: StartPosition } | undefined> {
    const { shardId, epoch, signal } = lease;
    // A handler of an earlier lease would mix its effects with those of the next one.
    for (const shard of this.#lingering) {
      if (shard.shardId === shardId) await whenIdle(shard, signal);
    }
    const row = await this.#ask(() => this.table.position(shardId, this.worker, epoch));
    if (row === undefined) this.#shards.lose(lease);
    if (this.signal.aborted) return undefined; // the member leaves with all of its leases
    if (signal.aborted && !isLost(lease)) await this.#shards.release(lease);
    if (row === undefined || signal.aborted) return undefined;
    const { position, start } = row;
    const shard = new HeldShard(lease, this.#fetcher.open(lease), position);
    const from = position === undefined
      ? start
      : { type: "after", sequenceNumber: position } as const;
    return { shard, from };
  }

  /** Does what a shard needs; true when it is held no longer. */
  async #isOver(shard: HeldShard): Promise<boolean> {
    if (shard.isOver) {
      const isStalled = shard.signal.reason instanceof HandlerStalledError;
      this.#emit(shard, "lost", isStalled ? "stalled" : "taken");
      return true;
    }
    if (shard.lease.signal.aborted) {
      await this.#handOver(shard);
      return true;
    }
    return shard.isDone && await this.#endShard(shard);
  }

  /** Waits for the handler of a shard, saves, and frees the lease. */
  async #handOver(shard: HeldShard): Promise<void> {
    const { shardId, lease } = shard;
    this.#emit(shard, "revoked");
    const { drainMs = 10_000 } = this.#options;
    const limit = this.#after(drainMs);
    await whenIdle(shard, limit.signal);
    if (!shard.isIdle && !shard.isOver) {
      log.warn(
        "A handler of {shardId} is still running after {drainMs} ms: its records come again",
        {
          event: "group.undrained",
          shardId,
          drainMs,
        },
      );
    }
    await this.#saveLast(shard, limit.signal);
    limit.abort();
    const isTaken = shard.isOver;
    shard.end(new ShardRevokedError(shardId));
    // At the end, the member leaves with all of its leases at once.
    if (!this.signal.aborted) await this.#shards.release(lease);
    this.#emit(shard, "lost", isTaken ? "taken" : "handed over");
  }

  /** Saves the position of a shard that is handed over; a database that is down holds up nobody. */
  async #saveLast(shard: HeldShard, limit: AbortSignal): Promise<void> {
    const saved = this.saver.save([shard]).catch((error) => this.fail(error));
    await Promise.race([saved, whenAborted(limit)]);
  }

  /** Ends a shard of which everything is processed; false if that is not ours to say. */
  async #endShard(shard: HeldShard): Promise<boolean> {
    const { shardId, lease, lease: { epoch } } = shard;
    await this.saver.save([shard]);
    const children = await this.#shards.stream.childrenOf(shardId);
    if (!shard.isReadable) return await this.#isOver(shard);
    const end = { shardId, epoch, worker: this.worker, position: shard.saved, children };
    if (!await this.#ask(() => this.table.endShard(end))) {
      this.lose(shard);
      return await this.#isOver(shard);
    }
    this.#shards.end(lease);
    log.info("Processed {shardId} to its end; {children} shards continue it", {
      event: "group.shard_ended",
      shardId,
      children: children.filter(({ parents }) => parents.includes(shardId)).length,
    });
    this.#emit(shard, "ended");
    return true;
  }

  /** Records what the stream has dropped before this group read it. */
  async #recordGap(shard: HeldShard, { after = shard.taken, reason }: FetchGap): Promise<void> {
    const { shardId, lease: { epoch } } = shard;
    const recordedAt = new Date(this.#time.now());
    const gap = { stream: this.table.stream, shardId, after, until: undefined, reason, recordedAt };
    if (!await this.#ask(() => this.table.recordGap(gap, epoch))) this.lose(shard);
  }

  /** Looks for handlers that run for too long. */
  async #watch(): Promise<void> {
    const { stallMs = DEFAULT_STALL_MS } = this.#options;
    while (await pause(this.clock, stallMs / 5, this.signal)) {
      const now = monotonicNow(this.clock);
      const stuck = [...this.#held, ...this.#lingering].find(({ busySince = now }) =>
        now - busySince > stallMs
      );
      if (stuck !== undefined) return this.#stall(stuck, stallMs);
    }
  }

  /**
   * Compares positions with those of the table, while nothing moves them: a database that fails over may
   * forget commits, and without new records nobody else would notice. Such shards are taken anew.
   */
  async #compare(): Promise<void> {
    const { leaseMs = DEFAULT_LEASE_MS } = this.#options;
    while (await pause(this.clock, leaseMs / 5, this.signal)) {
      for (const shard of this.#held) {
        const row = this.open.find(({ shardId }) => shardId === shard.shardId);
        const isBehind = row?.epoch === shard.lease.epoch && row.position !== shard.saved;
        if (shard.isBehind(isBehind && shard.isIdle, this.#shards.rounds)) this.lose(shard);
      }
    }
  }

  /** Leaves the group: a stuck handler must not keep its shards for ever. */
  #stall(shard: HeldShard, stallMs: number): void {
    log.error(
      "A handler of {shardId} is running for over {stallMs} ms: the member leaves the group",
      {
        event: "group.stalled",
        shardId: shard.shardId,
        stallMs,
      },
    );
    this.#hasStalled = true;
    shard.end(new HandlerStalledError(shard.shardId, stallMs));
    this.#stop.abort();
  }

  /** Notes a shard with a handler that may still do something. */
  #linger(shard: HeldShard): void {
    this.#lingering.add(shard);
    void whenIdle(shard).then(() => this.#lingering.delete(shard));
  }

  #revokeAll(): void {
    for (const lease of this.#shards.held.values()) this.#shards.handOver(lease);
    this.#fetcher.changed.notify();
  }

  async #end(): Promise<void> {
    await whenAborted(this.signal);
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#revokeAll();
    // Handlers are waited for where their shards are handed over, and no longer.
    while (this.#held.size > 0) {
      await Promise.all([...this.#held].map((shard) => this.#whenGone(shard)));
    }
    this.#renewing.abort();
    await this.#shards.leave();
    this.#closed.abort(this.signal.reason); // what still waits for a database that is down
    log.info("Left group {client} of {stream}", {
      event: "group.left",
      stream: this.table.stream,
      client: this.table.client,
    });
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #whenGone(shard: HeldShard): Promise<void> {
    while (this.#held.has(shard)) await this.#fetcher.changed.wait();
  }

  #ask<R>(request: () => Promise<R>): Promise<R> {
    return retryService("ledger", this.#asking, request);
  }

  #emit({ shardId, lease: { epoch } }: HeldShard, type: "lost", reason: LossReason): void;
  #emit(shard: HeldShard, type: "assigned" | "revoked" | "ended"): void;
  #emit(
    { shardId, lease: { epoch } }: HeldShard,
    type: "assigned" | "revoked" | "ended" | "lost",
    reason?: LossReason,
  ): void {
    if (type === "lost") this.#parts.events.emit({ type, shardId, epoch, reason: reason! });
    else this.#parts.events.emit({ type, shardId, epoch });
    this.#fetcher.changed.notify();
  }

  /** Waits for something that a database which is down may hold up, but not past the end. */
  async #unlessStopped(done: Promise<void>): Promise<void> {
    const over = new AbortController();
    const stopped = whenAborted(this.signal, over.signal);
    await Promise.race([done, stopped]);
    over.abort();
  }

  /** Runs a task; if it fails, the membership does. */
  #run(task: Promise<void>): void {
    const guarded = task.catch((error) => this.fail(error)).finally(() =>
      this.#tasks.delete(guarded)
    );
    this.#tasks.add(guarded);
  }

  /** A controller that is aborted after a time. */
  #after(ms: number): AbortController {
    const limit = new AbortController();
    void pause(this.clock, ms, limit.signal).then(() => limit.abort());
    return limit;
  }
}

/** The reason of the signal of a batch whose shard was handed over before its handler had returned. */
export class ShardRevokedError extends TritonError {
  /** Creates the error of a shard. */
  constructor(shardId: ShardId) {
    super(`Handed ${shardId} over to another member`);
  }
}

/** The reason of the signal of a batch whose handler runs for too long. */
export class HandlerStalledError extends TritonError {
  /** Creates the error of a shard. */
  constructor(shardId: ShardId, stallMs: number) {
    super(`Left the group: a handler of ${shardId} is running for over ${stallMs} ms`);
  }
}

/** Waits until no handler of a shard is running, or the signal is aborted. */
async function whenIdle(shard: HeldShard, signal?: AbortSignal): Promise<void> {
  while (!shard.isIdle && !signal?.aborted) await shard.changed.wait(signal);
}
