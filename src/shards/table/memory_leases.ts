import type { Clock } from "../../base/clock.ts";
import type { ShardId, StartPosition } from "../../base/record.ts";
import type { NewShard, Renewal, TableShard } from "./lease_table.ts";
import { compareText, unknownError } from "./rows.ts";

/** The row of one shard. */
export interface MemoryRow {
  readonly parents: readonly ShardId[];
  start: StartPosition;
  startedAt: number;
  state: TableShard["state"];
  owner: string | undefined;
  epoch: number;
  expires: number;
}

/** Shards, leases and workers in memory. */
export class MemoryLeases {
  readonly #stream: string;
  readonly #clock: Clock;
  readonly #rows = new Map<ShardId, MemoryRow>();
  readonly #workers = new Map<string, number>();

  constructor(stream: string, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  /** All shards, or those of a state, in order. */
  list(state?: TableShard["state"]): TableShard[] {
    const rows = [...this.#rows].filter(([, row]) => row.state === (state ?? row.state));
    return rows.sort(([a], [b]) => compareText(a, b)).map(([id, row]) => this.#describe(id, row));
  }

  /** Whether a shard is in the table. */
  has(shardId: ShardId): boolean {
    return this.#rows.has(shardId);
  }

  /** The row of a shard that must exist. */
  row(shardId: ShardId): MemoryRow {
    const row = this.#rows.get(shardId);
    if (row === undefined) throw unknownError(`shard "${shardId}" of "${this.#stream}"`);
    return row;
  }

  /** Adds shards. Shards that are in the table are unchanged. */
  add(shards: readonly NewShard[]): void {
    for (const { shardId, parents, start, knownAt } of shards) {
      if (this.#rows.has(shardId)) continue;
      const startedAt = knownAt?.getTime() ?? this.#clock.now();
      this.#rows.set(shardId, {
        ...{ parents, start, startedAt, state: "open", owner: undefined, epoch: 0, expires: 0 },
      });
    }
  }

  /** Marks a worker as alive, and renews its leases. */
  renew(worker: string, ttlMs: number): Renewal {
    const now = this.#clock.now();
    this.#workers.set(worker, now + ttlMs);
    for (const [name, expires] of this.#workers) {
      if (expires <= now) this.#workers.delete(name);
    }
    const held = new Map<ShardId, number>();
    for (const [shardId, row] of this.#rows) {
      if (row.owner !== worker) continue;
      row.expires = now + ttlMs;
      held.set(shardId, row.epoch);
    }
    return { held, workers: [...this.#workers.keys()].sort() };
  }

  /** Takes a lease. */
  acquire(shardId: ShardId, worker: string, ttlMs: number): number | undefined {
    const row = this.#rows.get(shardId);
    if (row === undefined || row.state === "ended") return undefined;
    if (this.#isLeased(row) && row.owner !== worker) return undefined;
    row.owner = worker;
    row.expires = this.#clock.now() + ttlMs;
    return ++row.epoch;
  }

  /** Releases leases. */
  release(worker: string, shardIds: Iterable<ShardId>): void {
    for (const shardId of shardIds) {
      const row = this.#rows.get(shardId);
      if (row?.owner === worker) row.owner = undefined;
    }
  }

  /** Deletes a worker and frees its leases. */
  leave(worker: string): void {
    this.#workers.delete(worker);
    this.release(worker, this.#rows.keys());
  }

  /** A worker that holds a lease, or is alive without one. */
  findWorker(): string | undefined {
    const leased = [...this.#rows.values()].find((row) => this.#isLeased(row));
    const alive = [...this.#workers].find(([, expires]) => expires > this.#clock.now());
    return leased?.owner ?? alive?.[0];
  }

  /** Whether a lease still has an epoch. */
  isHeld(shardId: ShardId, epoch: number): boolean {
    const row = this.row(shardId);
    return row.epoch === epoch && row.owner !== undefined;
  }

  #describe(shardId: ShardId, row: MemoryRow): TableShard {
    const { parents, start, state, epoch } = row;
    const isLeased = this.#isLeased(row);
    const owner = isLeased ? row.owner : undefined;
    const leasedUntil = isLeased ? new Date(row.expires) : undefined;
    const knownAt = new Date(row.startedAt);
    return { shardId, parents, start, state, owner, leasedUntil, epoch, knownAt };
  }

  #isLeased(row: MemoryRow): boolean {
    return row.owner !== undefined && row.expires > this.#clock.now();
  }
}
