// deno-lint-ignore-file require-await -- so that errors reject
import { type Clock, systemClock } from "../../base/clock.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { Gap, NewShard, Renewal } from "../table/lease_table.ts";
import { compareGaps, compareText } from "../table/rows.ts";
import type { EffectsOutcome } from "./group_effects.ts";
import { noGroupError, recreatedError } from "./group_errors.ts";
import type {
  GroupEnd,
  GroupFence,
  GroupMember,
  GroupMove,
  GroupPosition,
  GroupShard,
  GroupTable,
  GroupTarget,
  MovedShard,
} from "./group_table.ts";
import { type GroupRow, type GroupRows, MemoryRows } from "./memory_rows.ts";
import { planPositions } from "./plan_positions.ts";
import { standingOf } from "./sql/outcome.ts";

/** Options of {@linkcode MemoryGroup}. */
export interface MemoryGroupOptions {
  /** Name of the client. Default: `"group"`. */
  readonly client?: string | undefined;
  /** Clock for the expiry of leases. Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** Positions that the client has saved as a plain reader. */
  readonly checkpoints?: ReadonlyMap<ShardId, SequenceNumber> | undefined;
}

/**
 * A group in memory, for tests and simulations. Members share it by sharing the object.
 *
 * `E` is the type of the effects that `MemoryEffects` commits together with positions.
 */
export class MemoryGroup<E = unknown> implements GroupTable {
  /** Name of the client. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  readonly #clock: Clock;
  readonly #checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  readonly #table: MemoryRows;
  #effects: E[] = [];

  /**
   * Creates an empty group.
   *
   * @param stream Name of the stream, as Kinesis knows it.
   * @param options Client, clock, and positions to take over.
   */
  constructor(stream: string, options: MemoryGroupOptions = {}) {
    this.stream = stream;
    this.client = options.client ?? "group";
    this.#clock = options.clock ?? systemClock;
    this.#checkpoints = options.checkpoints ?? new Map();
    this.#table = new MemoryRows(this.#clock);
  }

  /** All effects that were committed, in order. */
  get effects(): readonly E[] {
    return this.#effects;
  }

  /** Remembers everything, effects included: the result sets the group back, as a failover would. */
  snapshot(): () => void {
    const [rows, effects] = [this.#table.copy(), [...this.#effects]];
    return () => {
      this.#table.rows = structuredClone(rows);
      this.#effects = [...effects];
    };
  }

  async identify(createdAt: Date): Promise<void> {
    const known = this.#table.rows.createdAt ??= createdAt;
    if (known.getTime() !== createdAt.getTime()) throw recreatedError(this, known, createdAt);
  }

  async createdAt(): Promise<Date | undefined> {
    return this.#table.rows.createdAt;
  }

  async shards(state?: GroupShard["state"]): Promise<GroupShard[]> {
    return this.#table.list(state);
  }

  async checkpoints(): Promise<Map<ShardId, SequenceNumber>> {
    if (this.#rows.shards.size === 0) return new Map(this.#checkpoints);
    const saved = this.#table.list().flatMap(({ shardId, position }) =>
      position === undefined ? [] : [[shardId, position] as const]
    );
    return new Map(saved);
  }

  async addFirstShards(shards: readonly NewShard[]): Promise<boolean> {
    this.#requireGroup();
    if (this.#rows.shards.size > 0) return false;
    this.#table.add(shards);
    for (const [shardId, position] of this.#checkpoints) this.#table.move(shardId, position);
    return true;
  }

  async addShards(shards: readonly NewShard[]): Promise<void> {
    this.#requireGroup();
    this.#table.add(shards);
  }

  async renew(worker: string, ttlMs: number): Promise<Renewal> {
    return this.#table.renew(worker, ttlMs);
  }

  async acquire(shardId: ShardId, worker: string): Promise<number | undefined> {
    return this.#table.acquire(shardId, worker);
  }

  async release(worker: string, shardIds: readonly ShardId[]): Promise<void> {
    for (const shardId of shardIds) this.#table.release(worker, shardId);
  }

  async leave(worker: string): Promise<void> {
    this.#rows.workers.delete(worker);
    for (const shardId of this.#rows.shards.keys()) this.#table.release(worker, shardId);
  }

  async position(
    shardId: ShardId,
    worker: string,
    epoch: number,
  ): Promise<GroupPosition | undefined> {
    const row = this.#held({ shardId, worker, epoch });
    if (row === undefined) return undefined;
    const { position, start, startedAt, movedAt } = row;
    return { position, start, knownAt: new Date(movedAt ?? startedAt) };
  }

  async save(worker: string, moves: readonly GroupMove[]): Promise<ShardId[]> {
    const lost = moves.filter((move) => this.commit({ ...move, worker }, []) === "lost");
    return lost.map(({ shardId }) => shardId).sort(compareText);
  }

  /**
   * Moves a position and adds effects, both or none.
   *
   * @param fence The move.
   * @param effects The effects.
   */
  commit(fence: GroupFence, effects: readonly E[]): EffectsOutcome {
    const standing = this.standing(fence);
    if (standing !== "due") return standing;
    this.#table.move(fence.shardId, fence.last);
    this.#effects.push(...effects);
    return "committed";
  }

  /** What became of a move. */
  standing(fence: GroupFence): "already" | "lost" | "due" {
    return standingOf(this.#rows.shards.get(fence.shardId), fence);
  }

  async endShard(end: GroupEnd): Promise<boolean> {
    const row = this.#rows.shards.get(end.shardId);
    if (row?.state === "ended" && row.epoch === end.epoch) return true; // the answer was lost
    const held = this.#held(end);
    if (held === undefined || held.position !== end.position) return false;
    Object.assign(held, { state: "ended", owner: undefined });
    this.#table.add(end.children);
    return true;
  }

  async setPositions(targets: ReadonlyMap<ShardId, GroupTarget>): Promise<MovedShard[]> {
    return planPositions(this.#table.list(), targets).map(
      ({ shard: { shardId, position }, target }) => {
        const row = this.#rows.shards.get(shardId)!;
        this.#table.retarget(row, target);
        return { shardId, from: position, to: row.position };
      },
    );
  }

  async members(): Promise<GroupMember[]> {
    return this.#table.members();
  }

  async report(worker: string, error: string | undefined): Promise<void> {
    const row = this.#rows.workers.get(worker);
    if (row !== undefined) row.lastError = error;
  }

  async recordGap(gap: Gap, epoch?: number): Promise<boolean> {
    const row = this.#rows.shards.get(gap.shardId);
    if (epoch !== undefined && (row?.epoch !== epoch || row.owner === undefined)) return false;
    this.#table.recordGap(gap);
    return true;
  }

  async gaps(): Promise<Gap[]> {
    return [...this.#rows.gaps].sort(compareGaps);
  }

  /** Does nothing: the other members continue. */
  async [Symbol.asyncDispose](): Promise<void> {}

  get #rows(): GroupRows {
    return this.#table.rows;
  }

  #requireGroup(): void {
    if (this.#rows.createdAt === undefined) throw noGroupError(this);
  }

  #held(
    { shardId, worker, epoch }: Pick<GroupFence, "shardId" | "worker" | "epoch">,
  ): GroupRow | undefined {
    const row = this.#rows.shards.get(shardId);
    const isHeld = row?.state === "open" && row.owner === worker && row.epoch === epoch;
    return isHeld ? row : undefined;
  }
}
