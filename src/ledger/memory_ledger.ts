// deno-lint-ignore-file require-await -- so that errors reject
import { type Clock, systemClock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
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
  ShardPosition,
} from "./archive_ledger.ts";
import { planMoves } from "./last_archived.ts";
import {
  aliveError,
  movedError,
  otherStoreError,
  recreatedError,
  unsettledError,
} from "./errors.ts";
import { compareGaps, unknownError } from "../shards/table/rows.ts";
import { MemoryShards } from "./memory_shards.ts";

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
  readonly #shards: MemoryShards;
  readonly #intents = new Map<string, IntentRow>();
  readonly #gaps: Gap[] = [];
  readonly #moves: ArchiveMove[] = [];
  #store: string | undefined;
  #createdAt: Date | undefined;

  /**
   * Creates an empty ledger.
   *
   * @param stream Name of the stream, as Kinesis knows it.
   * @param options Name of the client (default: `"store"`); clock for the expiry of leases; existing
   * checkpoints, as in the database of an older Triton.
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
    this.#shards = new MemoryShards(stream, this.#clock);
    for (const [shardId, position] of options.checkpoints ?? []) {
      this.#shards.save(shardId, position);
    }
  }

  /** Saves when the stream was created, or compares it with the saved time. */
  async identify(createdAt: Date): Promise<void> {
    this.#createdAt ??= createdAt;
    if (this.#createdAt.getTime() !== createdAt.getTime()) {
      throw recreatedError(this.stream, this.#createdAt, createdAt);
    }
  }

  /** All shards, or those of a state, with their leases and checkpoints, in order. */
  async shards(state?: LedgerShard["state"]): Promise<LedgerShard[]> {
    return this.#shards.list(state);
  }

  /** All checkpoints of the stream, also those of shards that are not in the ledger. */
  async checkpoints(): Promise<Map<ShardId, SequenceNumber>> {
    return this.#shards.checkpoints();
  }

  /** Adds the first shards of a stream, unless the ledger has shards. */
  async addFirstShards(shards: readonly NewShard[]): Promise<boolean> {
    if (this.#shards.list().length > 0) return false;
    this.#shards.add(shards);
    return true;
  }

  /** Adds shards. Shards in the ledger are unchanged. */
  async addShards(shards: readonly NewShard[]): Promise<void> {
    this.#shards.add(shards);
  }

  /** Saves checkpoints of shards that are not in the ledger. */
  async adopt(positions: ReadonlyMap<ShardId, ArchivedPosition>): Promise<ShardId[]> {
    const unknown = [...positions.keys()].filter((shardId) => !this.#shards.has(shardId)).sort();
    for (const shardId of unknown) {
      const { checkpoint, knownAt } = positions.get(shardId)!;
      this.#shards.save(shardId, checkpoint, knownAt);
    }
    return unknown;
  }

  /** Saves that a worker is alive, and extends its leases to `ttlMs` from now. */
  async renew(worker: string, ttlMs: number): Promise<Renewal> {
    return this.#shards.renew(worker, ttlMs);
  }

  /** Takes the lease of a shard if it is free, has expired, or is this worker's already. */
  async acquire(shardId: ShardId, worker: string, ttlMs: number): Promise<number | undefined> {
    return this.#shards.acquire(shardId, worker, ttlMs);
  }

  /** Releases leases, except those that another worker has taken. */
  async release(worker: string, shardIds: readonly ShardId[]): Promise<void> {
    this.#shards.release(worker, shardIds);
  }

  /** Saves that a worker has left. Its leases are free at once. */
  async leave(worker: string): Promise<void> {
    this.#shards.leave(worker);
  }

  /** Identity of the archive's object store. */
  async store(): Promise<string | undefined> {
    return this.#store;
  }

  /** Saves which object store the archive is in. */
  async useStore(identity: string): Promise<void> {
    const isNew = this.#intents.size + this.#shards.checkpoints().size === 0;
    if (isNew || this.#store === undefined) this.#store = identity;
    this.#checkStore(identity);
  }

  /** The files from which the checkpoints of open shards come. */
  async newestFiles(): Promise<ArchiveIntent[]> {
    const ends = new Map(
      this.#shards.list("open").map(({ shardId, checkpoint }) => [shardId, checkpoint]),
    );
    const reached = ({ shardId, last }: IntendedRange) => ends.get(shardId) === last;
    return [...this.#intents.values()].reverse()
      .filter(({ state, ranges }) => state === "done" && ranges.some(reached)).map(toIntent);
  }

  /** Moves the archive to another object store. */
  async moveStore(
    identity: string,
    { isGone = false }: MoveStoreOptions = {},
  ): Promise<ArchiveMove[]> {
    if (this.#store === identity) return [];
    const worker = this.#shards.findWorker();
    if (worker !== undefined) throw aliveError(this.stream, worker);
    const open = [...this.#intents.values()].filter(({ state }) => state === "open");
    if (open.length > 0 && !isGone) throw unsettledError(this.stream, open[0]!);
    const moves = planMoves({
      ...{ from: this.#store, to: identity, movedAt: new Date(this.#clock.now()) },
      shardIds: this.#shards.list().map(({ shardId }) => shardId),
      checkpoints: this.#shards.checkpoints(),
      ...{ gaps: this.#gaps, moves: this.#moves },
    });
    for (const intent of open) intent.state = "void";
    this.#store = identity;
    this.#moves.push(...moves);
    return moves;
  }

  /** All moves of the archive, in order. */
  async moves(): Promise<ArchiveMove[]> {
    return [...this.#moves];
  }

  /** What must be settled before a shard is read, and where reading continues. */
  async position(shardId: ShardId): Promise<ShardPosition> {
    return {
      open: this.#openIntents(shardId).map(toIntent),
      checkpoint: this.#shards.checkpoint(shardId),
      knownAt: this.#shards.knownAt(shardId),
      start: this.#shards.row(shardId).start,
    };
  }

  /** Saves an intent, without the shards whose lease or checkpoint has changed. */
  async intend(intent: ArchiveIntent, replaces?: string): Promise<ShardId[]> {
    this.#checkStore(intent.store);
    const written = this.#intents.get(intent.id);
    const ranges = written?.ranges ?? intent.ranges.filter(({ shardId, epoch, previous }) => {
      if (!this.#shards.isHeld(shardId, epoch)) return false;
      const { owner } = this.#shards.row(shardId);
      return owner === (intent.worker ?? owner) && this.#shards.checkpoint(shardId) === previous;
    });
    if (written === undefined) {
      const replaced = replaces === undefined ? undefined : this.#intents.get(replaces);
      if (replaced?.state === "open") replaced.state = "void";
      if (ranges.length > 0) this.#intents.set(intent.id, { ...intent, ranges, state: "open" });
    }
    return ranges.map(({ shardId }) => shardId);
  }

  /** Makes an open intent done, and moves the checkpoint of each of its shards to `last`. */
  async commit(intentId: string): Promise<"done" | "void"> {
    const intent = this.#intent(intentId);
    if (intent.state !== "open") return intent.state;
    for (const { shardId, previous } of intent.ranges) {
      if (this.#shards.checkpoint(shardId) !== previous) {
        throw movedError(this.stream, shardId, intent.key);
      }
    }
    intent.state = "done";
    for (const { shardId, last, knownAt } of intent.ranges) {
      this.#shards.save(shardId, last, knownAt);
    }
    return "done";
  }

  /** Makes an open intent void. */
  async cancel(intentId: string): Promise<"done" | "void"> {
    const intent = this.#intent(intentId);
    if (intent.state === "open") intent.state = "void";
    return intent.state as "done" | "void";
  }

  /** Whether the archive of a key is committed. */
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
    const row = this.#shards.row(shardId);
    if (row.epoch !== epoch) return false;
    if (row.state === "ended") return true;
    if (row.owner === undefined || this.#openIntents(shardId).length > 0) return false;
    if (this.#shards.checkpoint(shardId) !== checkpoint) return false;
    row.state = "ended";
    row.owner = undefined;
    this.#shards.add(children);
    return true;
  }

  /** Saves that everything that arrived until some time is archived. */
  async confirm(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    knownAt?: Date,
  ): Promise<boolean> {
    const saved = this.#shards.checkpoint(shardId);
    if (!this.#shards.isHeld(shardId, epoch) || saved !== checkpoint) return false;
    const { start } = this.#shards.row(shardId);
    if (saved === undefined) this.#shards.setStart(shardId, { start, knownAt });
    else this.#shards.save(shardId, saved, knownAt);
    return true;
  }

  /** Moves the position of a shard manually: to a checkpoint, or to a start position without one. */
  async reposition(
    shardId: ShardId,
    epoch: number,
    position: ArchivedPosition | NewStart,
    gap?: Gap,
  ): Promise<boolean> {
    if (!this.#shards.isHeld(shardId, epoch)) return false;
    if ("checkpoint" in position) {
      this.#shards.save(shardId, position.checkpoint, position.knownAt);
    } else {
      this.#shards.setStart(shardId, position);
    }
    if (gap !== undefined) await this.recordGap(gap);
    return true;
  }

  /** Records a gap, or replaces a gap of the same shard, `after` and reason. */
  async recordGap(gap: Gap, epoch?: number): Promise<boolean> {
    if (epoch !== undefined && !this.#shards.isHeld(gap.shardId, epoch)) return false;
    const index = this.#gaps.findIndex((other) =>
      other.shardId === gap.shardId && other.after === gap.after && other.reason === gap.reason
    );
    if (index >= 0 && this.#gaps[index]!.recordedAt > gap.recordedAt) return true;
    if (index >= 0) this.#gaps.splice(index, 1);
    this.#gaps.push(gap);
    return true;
  }

  /** All recorded gaps of the stream, in the order of their discovery. */
  async gaps(): Promise<Gap[]> {
    return [...this.#gaps].sort(compareGaps);
  }

  /** Does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {}

  #checkStore(identity: string | undefined): void {
    if (this.#store === undefined || this.#store === identity) return;
    throw otherStoreError(this, { known: this.#store, found: identity });
  }

  #openIntents(shardId: ShardId): IntentRow[] {
    return [...this.#intents.values()].filter((intent) =>
      intent.state === "open" && intent.ranges.some((range) => range.shardId === shardId)
    );
  }

  #intent(intentId: string): IntentRow {
    const intent = this.#intents.get(intentId);
    if (intent === undefined) throw unknownError(`intent "${intentId}"`);
    return intent;
  }
}

/** An intent without its state. */
function toIntent({ id, key, ranges, store }: IntentRow): ArchiveIntent {
  return { id, key, ...(store && { store }), ranges };
}
