import { type Clock, systemClock } from "../base/clock.ts";
import type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";
import type {
  ArchivedPosition,
  ArchiveIntent,
  ArchiveLedger,
  ArchiveMove,
  Gap,
  IntendedRange,
  LedgerShard,
  MoveStoreOptions,
  NewShard,
  NewStart,
  Renewal,
  ShardStanding,
} from "./archive_ledger.ts";
import { planMoves } from "./last_archived.ts";
import {
  aliveError,
  movedError,
  otherStoreError,
  recreatedError,
  unknownError,
  unsettledError,
} from "./errors.ts";
import { compareGaps } from "./tables/rows.ts";

/** One shard's row. */
interface ShardRow {
  readonly parents: readonly ShardId[];
  start: StartPosition;
  startedAt: number;
  state: "open" | "ended";
  owner: string | undefined;
  epoch: number;
  expires: number;
}

/** One shard's checkpoint. */
interface SavedPosition {
  readonly sequenceNumber: SequenceNumber;
  readonly savedAt: number;
}

/** One intent's row. */
interface IntentRow extends ArchiveIntent {
  state: "open" | "done" | "void";
}

/**
 * A ledger in memory, for tests and simulations: it forgets when the process ends.
 *
 * Several workers share it by sharing the object.
 */
export class MemoryLedger implements ArchiveLedger {
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  readonly #clock: Clock;
  readonly #shards = new Map<ShardId, ShardRow>();
  readonly #checkpoints = new Map<ShardId, SavedPosition>();
  readonly #intents = new Map<string, IntentRow>();
  readonly #workers = new Map<string, number>();
  readonly #gaps: Gap[] = [];
  readonly #moves: ArchiveMove[] = [];
  #store: string | undefined;
  #createdAt: Date | undefined;

  /**
   * Creates an empty ledger.
   *
   * @param stream Name of the stream, as Kinesis knows it.
   * @param options The client's name (`"store"` unless given); the clock that leases expire by;
   * checkpoints that are there already, as in the database of an older Triton.
   */
  constructor(
    stream: string,
    options: {
      readonly client?: string;
      readonly clock?: Clock;
      readonly checkpoints?: ReadonlyMap<ShardId, SequenceNumber>;
    } = {},
  ) {
    this.stream = stream;
    this.client = options.client ?? "store";
    this.#clock = options.clock ?? systemClock;
    for (const [shardId, position] of options.checkpoints ?? []) {
      this.#save(shardId, position);
    }
  }

  /** Writes down when the stream was created, or compares it with what is written. */
  // deno-lint-ignore require-await
  async identify(createdAt: Date): Promise<void> {
    this.#createdAt ??= createdAt;
    if (this.#createdAt.getTime() !== createdAt.getTime()) {
      throw recreatedError(this.stream, this.#createdAt, createdAt);
    }
  }

  /** All shards, or those of a state, with their leases and checkpoints, in order. */
  // deno-lint-ignore require-await
  async shards(state?: LedgerShard["state"]): Promise<LedgerShard[]> {
    const rows = [...this.#shards].filter(([, row]) => row.state === (state ?? row.state));
    return rows.sort(([a], [b]) => a < b ? -1 : 1).map(([shardId, row]) => ({
      shardId,
      parents: row.parents,
      start: row.start,
      state: row.state,
      owner: this.#isLeased(row) ? row.owner : undefined,
      leasedUntil: this.#isLeased(row) ? new Date(row.expires) : undefined,
      epoch: row.epoch,
      checkpoint: this.#checkpoints.get(shardId)?.sequenceNumber,
      knownAt: new Date(this.#checkpoints.get(shardId)?.savedAt ?? row.startedAt),
    }));
  }

  /** All checkpoints of the stream, also those of shards that the ledger was not told of. */
  // deno-lint-ignore require-await
  async checkpoints(): Promise<Map<ShardId, SequenceNumber>> {
    return new Map(
      [...this.#checkpoints].map(([shardId, saved]) => [shardId, saved.sequenceNumber]),
    );
  }

  /** Adds the shards of a stream of which none is known. */
  async addFirstShards(shards: readonly NewShard[]): Promise<boolean> {
    if (this.#shards.size > 0) return false;
    await this.addShards(shards);
    return true;
  }

  /** Adds shards; those that are known already stay as they are. */
  // deno-lint-ignore require-await
  async addShards(shards: readonly NewShard[]): Promise<void> {
    for (const { shardId, parents, start, knownAt } of shards) {
      if (this.#shards.has(shardId)) continue;
      this.#shards.set(shardId, {
        parents,
        start,
        startedAt: knownAt?.getTime() ?? this.#clock.now(),
        state: "open",
        owner: undefined,
        epoch: 0,
        expires: 0,
      });
    }
  }

  /** Saves checkpoints of shards that the ledger was not told of. */
  // deno-lint-ignore require-await
  async adopt(positions: ReadonlyMap<ShardId, ArchivedPosition>): Promise<ShardId[]> {
    const unknown = [...positions.keys()].filter((shardId) => !this.#shards.has(shardId)).sort();
    for (const shardId of unknown) {
      const { checkpoint, knownAt } = positions.get(shardId)!;
      this.#save(shardId, checkpoint, knownAt);
    }
    return unknown;
  }

  /** Says that a worker is alive, and makes its leases last `ttlMs` from now. */
  // deno-lint-ignore require-await
  async renew(worker: string, ttlMs: number): Promise<Renewal> {
    const now = this.#clock.now();
    this.#workers.set(worker, now + ttlMs);
    for (const [name, expires] of this.#workers) {
      if (expires <= now) this.#workers.delete(name);
    }
    const held = new Map<ShardId, number>();
    for (const [shardId, row] of this.#shards) {
      if (row.owner !== worker) continue;
      row.expires = now + ttlMs;
      held.set(shardId, row.epoch);
    }
    return { held, workers: [...this.#workers.keys()].sort() };
  }

  /** Takes the lease of a shard if it is free, has expired, or is this worker's already. */
  // deno-lint-ignore require-await
  async acquire(shardId: ShardId, worker: string, ttlMs: number): Promise<number | undefined> {
    const row = this.#shards.get(shardId);
    if (row === undefined || row.state === "ended") return undefined;
    if (this.#isLeased(row) && row.owner !== worker) return undefined;
    row.owner = worker;
    row.expires = this.#clock.now() + ttlMs;
    return ++row.epoch;
  }

  /** Gives leases back; those that another worker holds by now stay with it. */
  // deno-lint-ignore require-await
  async release(worker: string, shardIds: readonly ShardId[]): Promise<void> {
    for (const shardId of shardIds) {
      const row = this.#shards.get(shardId);
      if (row?.owner === worker) row.owner = undefined;
    }
  }

  /** Says that a worker has gone; its leases are free at once. */
  async leave(worker: string): Promise<void> {
    this.#workers.delete(worker);
    await this.release(worker, [...this.#shards.keys()]);
  }

  /** Identity of the object store that the archive is in. */
  // deno-lint-ignore require-await
  async store(): Promise<string | undefined> {
    return this.#store;
  }

  /** Writes down which object store the archive is in. */
  // deno-lint-ignore require-await
  async useStore(identity: string): Promise<void> {
    const isNew = this.#intents.size + this.#checkpoints.size === 0;
    if (isNew || this.#store === undefined) this.#store = identity;
    this.#checkStore(identity);
  }

  /** The files that the checkpoints of open shards come from. */
  // deno-lint-ignore require-await
  async newestFiles(): Promise<ArchiveIntent[]> {
    const reached = ({ shardId, last }: IntendedRange) =>
      this.#shards.get(shardId)?.state === "open" &&
      this.#checkpoints.get(shardId)?.sequenceNumber === last;
    return [...this.#intents.values()].reverse()
      .filter(({ state, ranges }) => state === "done" && ranges.some(reached)).map(toIntent);
  }

  /** Moves the archive to another object store. */
  // deno-lint-ignore require-await
  async moveStore(
    identity: string,
    { isGone = false }: MoveStoreOptions = {},
  ): Promise<ArchiveMove[]> {
    if (this.#store === identity) return [];
    const leased = [...this.#shards.values()].find((row) => this.#isLeased(row));
    const alive = [...this.#workers].find(([, expires]) => expires > this.#clock.now());
    const worker = leased?.owner ?? alive?.[0];
    if (worker !== undefined) throw aliveError(this.stream, worker);
    const open = [...this.#intents.values()].filter(({ state }) => state === "open");
    if (open.length > 0 && !isGone) throw unsettledError(this.stream, open[0]!);
    const moves = planMoves({
      ...{ from: this.#store, to: identity, movedAt: new Date(this.#clock.now()) },
      shardIds: this.#shards.keys(),
      checkpoints: new Map(
        [...this.#checkpoints].map(([shardId, saved]) => [shardId, saved.sequenceNumber]),
      ),
      ...{ gaps: this.#gaps, moves: this.#moves },
    });
    for (const intent of open) intent.state = "void";
    this.#store = identity;
    this.#moves.push(...moves);
    return moves;
  }

  /** All moves of the archive, in order. */
  // deno-lint-ignore require-await
  async moves(): Promise<ArchiveMove[]> {
    return [...this.#moves];
  }

  /** What has to be settled before a shard is read. */
  // deno-lint-ignore require-await
  async standing(shardId: ShardId): Promise<ShardStanding> {
    const open = this.#openIntents(shardId);
    const { start, startedAt } = this.#row(shardId);
    const saved = this.#checkpoints.get(shardId);
    return {
      open: open.map(toIntent),
      checkpoint: saved?.sequenceNumber,
      knownAt: new Date(saved?.savedAt ?? startedAt),
      start,
    };
  }

  /** Writes an intent down, without the shards whose lease or checkpoint is no longer as it says. */
  // deno-lint-ignore require-await
  async intend(intent: ArchiveIntent, replaces?: string): Promise<ShardId[]> {
    this.#checkStore(intent.store);
    const written = this.#intents.get(intent.id);
    if (written === undefined) {
      const ranges = intent.ranges.filter((range) => {
        const { owner, epoch } = this.#row(range.shardId);
        if (owner === undefined || owner !== (intent.worker ?? owner)) return false;
        const checkpoint = this.#checkpoints.get(range.shardId)?.sequenceNumber;
        return epoch === range.epoch && checkpoint === range.previous;
      });
      const replaced = replaces === undefined ? undefined : this.#intents.get(replaces);
      if (replaced?.state === "open") replaced.state = "void";
      if (ranges.length > 0) this.#intents.set(intent.id, { ...intent, ranges, state: "open" });
      return ranges.map((range) => range.shardId);
    }
    return written.ranges.map((range) => range.shardId);
  }

  /** Makes an open intent done, and moves the checkpoint of each of its shards to `last`. */
  // deno-lint-ignore require-await
  async commit(intentId: string): Promise<"done" | "void"> {
    const intent = this.#intent(intentId);
    if (intent.state !== "open") return intent.state;
    for (const { shardId, previous } of intent.ranges) {
      if (this.#checkpoints.get(shardId)?.sequenceNumber !== previous) {
        throw movedError(this.stream, shardId, intent.key);
      }
    }
    intent.state = "done";
    for (const { shardId, last, knownAt } of intent.ranges) this.#save(shardId, last, knownAt);
    return "done";
  }

  /** Makes an open intent void. */
  // deno-lint-ignore require-await
  async cancel(intentId: string): Promise<"done" | "void"> {
    const intent = this.#intent(intentId);
    if (intent.state === "open") intent.state = "void";
    return intent.state as "done" | "void";
  }

  /** Whether the archive of a key is committed. */
  // deno-lint-ignore require-await
  async isCommitted(key: string): Promise<boolean> {
    return [...this.#intents.values()].some((intent) =>
      intent.key === key && intent.state === "done"
    );
  }

  /** Ends a shard that was archived to its end, frees its lease and adds its children. */
  async end(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    children: readonly NewShard[],
  ): Promise<boolean> {
    const row = this.#row(shardId);
    if (row.epoch !== epoch) return false;
    if (row.state === "ended") return true;
    if (row.owner === undefined || this.#openIntents(shardId).length > 0) return false;
    if (this.#checkpoints.get(shardId)?.sequenceNumber !== checkpoint) return false;
    row.state = "ended";
    row.owner = undefined;
    await this.addShards(children);
    return true;
  }

  /** Says that all that had arrived by some time is archived: that becomes `knownAt`. */
  // deno-lint-ignore require-await
  async confirm(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    knownAt?: Date,
  ): Promise<boolean> {
    const row = this.#row(shardId);
    const saved = this.#checkpoints.get(shardId)?.sequenceNumber;
    if (row.epoch !== epoch || row.owner === undefined || saved !== checkpoint) return false;
    if (saved === undefined) row.startedAt = knownAt?.getTime() ?? this.#clock.now();
    else this.#save(shardId, saved, knownAt);
    return true;
  }

  /** Moves a shard's position by hand: to a checkpoint, or to a start position without one. */
  async reposition(
    shardId: ShardId,
    epoch: number,
    position: ArchivedPosition | NewStart,
    gap?: Gap,
  ): Promise<boolean> {
    const row = this.#row(shardId);
    if (row.epoch !== epoch || row.owner === undefined) return false;
    if ("checkpoint" in position) {
      this.#save(shardId, position.checkpoint, position.knownAt);
    } else {
      this.#checkpoints.delete(shardId);
      row.start = position.start;
      row.startedAt = position.knownAt?.getTime() ?? this.#clock.now();
    }
    if (gap !== undefined) await this.recordGap(gap);
    return true;
  }

  /** Records a gap, once: of the same shard, `after` and reason, what is said last holds. */
  // deno-lint-ignore require-await
  async recordGap(gap: Gap, epoch?: number): Promise<boolean> {
    if (epoch !== undefined) {
      const row = this.#row(gap.shardId);
      if (row.epoch !== epoch || row.owner === undefined) return false;
    }
    const index = this.#gaps.findIndex((other) =>
      other.shardId === gap.shardId && other.after === gap.after && other.reason === gap.reason
    );
    if (index >= 0 && this.#gaps[index]!.recordedAt > gap.recordedAt) return true;
    if (index >= 0) this.#gaps.splice(index, 1);
    this.#gaps.push(gap);
    return true;
  }

  /** All recorded gaps of the stream, in the order they were noticed. */
  // deno-lint-ignore require-await
  async gaps(): Promise<Gap[]> {
    return [...this.#gaps].sort(compareGaps);
  }

  /** Does nothing: there is nothing to close. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #save(shardId: ShardId, sequenceNumber: SequenceNumber, savedAt?: Date): void {
    const time = savedAt?.getTime() ?? this.#clock.now();
    this.#checkpoints.set(shardId, { sequenceNumber, savedAt: time });
  }

  #checkStore(identity: string | undefined): void {
    if (this.#store === undefined || this.#store === identity) return;
    throw otherStoreError(this, { known: this.#store, found: identity });
  }

  #openIntents(shardId: ShardId): IntentRow[] {
    return [...this.#intents.values()].filter((intent) =>
      intent.state === "open" && intent.ranges.some((range) => range.shardId === shardId)
    );
  }

  #isLeased(row: ShardRow): boolean {
    return row.owner !== undefined && row.expires > this.#clock.now();
  }

  #row(shardId: ShardId): ShardRow {
    const row = this.#shards.get(shardId);
    if (row === undefined) throw unknownError(`shard "${shardId}" of "${this.stream}"`);
    return row;
  }

  #intent(intentId: string): IntentRow {
    const intent = this.#intents.get(intentId);
    if (intent === undefined) throw unknownError(`intent "${intentId}"`);
    return intent;
  }
}

/** A row as others see it. */
function toIntent({ id, key, ranges, store }: IntentRow): ArchiveIntent {
  return { id, key, ...(store && { store }), ranges };
}
