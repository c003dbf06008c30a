import type { Clock } from "../../base/clock.ts";
import type { SequenceNumber, ShardId, StartPosition } from "../../base/record.ts";
import type { Gap, NewShard, Renewal } from "../table/lease_table.ts";
import { compareText } from "../table/rows.ts";
import type { GroupMember, GroupShard, GroupTarget } from "./group_table.ts";

/** The row of one shard. */
export interface GroupRow {
  readonly parents: readonly ShardId[];
  start: StartPosition;
  startedAt: number;
  state: GroupShard["state"];
  owner: string | undefined;
  epoch: number;
  position: SequenceNumber | undefined;
  /** When the position was saved. */
  movedAt: number | undefined;
}

/** The row of one member. */
interface WorkerRow {
  expires: number;
  lastError: string | undefined;
}

/** All rows of a group. */
export interface GroupRows {
  createdAt: Date | undefined;
  readonly shards: Map<ShardId, GroupRow>;
  readonly workers: Map<string, WorkerRow>;
  gaps: Gap[];
}

/** The tables of a group in memory. */
export class MemoryRows {
  rows: GroupRows = { createdAt: undefined, shards: new Map(), workers: new Map(), gaps: [] };
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  copy(): GroupRows {
    return structuredClone(this.rows);
  }

  /** All shards, or those of a state, in order. */
  list(state?: GroupShard["state"]): GroupShard[] {
    const rows = [...this.rows.shards].filter(([, row]) => row.state === (state ?? row.state));
    return rows.sort(([a], [b]) => compareText(a, b)).map(([id, row]) => this.#describe(id, row));
  }

  /** Adds shards. Shards that are in the table are unchanged. */
  add(shards: readonly NewShard[]): void {
    for (const { shardId, parents, start, knownAt } of shards) {
      if (this.rows.shards.has(shardId)) continue;
      this.rows.shards.set(shardId, {
        ...{ parents, start, startedAt: knownAt?.getTime() ?? this.#clock.now(), state: "open" },
        ...{ owner: undefined, epoch: 0, position: undefined, movedAt: undefined },
      });
    }
  }

  /** Moves a position. Without a row there is none. */
  move(shardId: ShardId, position: SequenceNumber): void {
    const row = this.rows.shards.get(shardId);
    if (row !== undefined) Object.assign(row, { position, movedAt: this.#clock.now() });
  }

  /** Moves a position by hand: the shard is open, and nobody holds it. */
  retarget(row: GroupRow, target: GroupTarget): void {
    Object.assign(row, { state: "open", owner: undefined, epoch: row.epoch + 1 });
    if ("position" in target) {
      Object.assign(row, { position: target.position, movedAt: this.#clock.now() });
      return;
    }
    const { start, knownAt } = target;
    const since = knownAt ?? (start.type === "at-timestamp" ? start.timestamp : undefined);
    const startedAt = since?.getTime() ?? row.startedAt;
    Object.assign(row, { position: undefined, movedAt: undefined, start, startedAt });
  }

  renew(worker: string, ttlMs: number): Renewal {
    const now = this.#clock.now();
    const lastError = this.rows.workers.get(worker)?.lastError;
    this.rows.workers.set(worker, { expires: now + ttlMs, lastError });
    for (const [name, { expires }] of this.rows.workers) {
      if (expires <= now) this.rows.workers.delete(name);
    }
    const held = [...this.rows.shards].filter(([, { owner }]) => owner === worker);
    return {
      held: new Map(
        held.map(([id, { epoch }]) => [id, epoch] as const).sort(([a], [b]) => compareText(a, b)),
      ),
      workers: this.members().map((member) => member.worker),
    };
  }

  acquire(shardId: ShardId, worker: string): number | undefined {
    const row = this.rows.shards.get(shardId);
    if (row?.state !== "open" || (row.owner !== worker && this.#isAlive(row.owner))) {
      return undefined;
    }
    if (row.parents.some((id) => this.rows.shards.get(id)?.state === "open")) return undefined;
    row.owner = worker;
    return ++row.epoch;
  }

  release(worker: string, shardId: ShardId): void {
    const row = this.rows.shards.get(shardId);
    if (row?.owner === worker) row.owner = undefined;
  }

  members(): GroupMember[] {
    return [...this.rows.workers].filter(([worker]) => this.#isAlive(worker))
      .map(([worker, { expires, lastError }]) => (
        { worker, expiresAt: new Date(expires), lastError }
      ))
      .sort((a, b) => compareText(a.worker, b.worker));
  }

  /** Records a gap, or replaces one of the same shard, `after` and reason that is older. */
  recordGap(gap: Gap): void {
    const isSame = (other: Gap) =>
      other.shardId === gap.shardId && other.after === gap.after && other.reason === gap.reason;
    const known = this.rows.gaps.find(isSame);
    if (known !== undefined && known.recordedAt > gap.recordedAt) return;
    this.rows.gaps = [...this.rows.gaps.filter((other) => other !== known), gap];
  }

  #isAlive(worker: string | undefined): boolean {
    if (worker === undefined) return false;
    return (this.rows.workers.get(worker)?.expires ?? 0) > this.#clock.now();
  }

  #describe(shardId: ShardId, row: GroupRow): GroupShard {
    const { parents, start, startedAt, state, epoch, position, movedAt } = row;
    const owner = this.#isAlive(row.owner) ? row.owner : undefined;
    const expires = owner === undefined ? undefined : this.rows.workers.get(owner)!.expires;
    const leasedUntil = expires === undefined ? undefined : new Date(expires);
    const knownAt = new Date(movedAt ?? startedAt);
    return { shardId, parents, start, state, owner, leasedUntil, epoch, position, knownAt };
  }
}
