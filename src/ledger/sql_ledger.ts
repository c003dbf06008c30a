import { checkClient } from "../checkpoint/rows.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type {
  ArchivedPosition,
  ArchiveIntent,
  ArchiveLedger,
  ArchiveMove,
  Gap,
  LedgerShard,
  MoveStoreOptions,
  NewShard,
  NewStart,
  Renewal,
  ShardStanding,
} from "./archive_ledger.ts";
import { listCheckpoints } from "./tables/checkpoints.ts";
import { adopt, confirm, reposition } from "./tables/positions.ts";
import { listGaps, recordGap, recordLeasedGap } from "./tables/gaps.ts";
import { cancel, commit, endSettled, intend, isCommitted, standing } from "./tables/intents.ts";
import { prepareLedger, SAME_SCHEMA } from "./tables/schema.ts";
import { listMoves, moveStore, newestFiles, readStore, useStore } from "./tables/store.ts";
import { listShards } from "./tables/shards.ts";
import { acquire, leave, release, renew } from "../shards/table/sql_leases.ts";
import {
  addFirstShards,
  addShards,
  identify,
  type TableScope,
} from "../shards/table/sql_shards.ts";
import { recreatedError } from "./errors.ts";
import type { Database } from "../sql/database.ts";
import type { Steps } from "../sql/steps.ts";

/** Options of {@linkcode SqlLedger.open}. */
export interface SqlLedgerOptions {
  /** Name of the client that the archives belong to. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
}

/** A ledger in PostgreSQL or SQLite. */
export class SqlLedger implements ArchiveLedger {
  readonly client: string;
  readonly stream: string;
  readonly #database: Database;

  private constructor(database: Database, options: SqlLedgerOptions) {
    this.client = checkClient(options.client);
    this.stream = options.stream;
    this.#database = database;
  }

  /**
   * Creates a ledger on a database, and creates or upgrades its tables.
   *
   * @param database The database, which must have the table `triton_checkpoint`; closed with the
   * ledger.
   */
  static async open(database: Database, options: SqlLedgerOptions): Promise<SqlLedger> {
    const ledger = new SqlLedger(database, options);
    await prepareLedger(database);
    return ledger;
  }

  async identify(createdAt: Date): Promise<void> {
    const known = await this.#transact(
      "Cannot identify stream",
      () => identify(this.#scope, createdAt),
    );
    if (known.getTime() !== createdAt.getTime()) {
      throw recreatedError(this.stream, known, createdAt);
    }
  }

  shards(state?: LedgerShard["state"]): Promise<LedgerShard[]> {
    return this.#run("Cannot list the shards of stream", () => listShards(this.#scope, state));
  }

  checkpoints(): Promise<Map<ShardId, SequenceNumber>> {
    return this.#run("Cannot list the checkpoints of stream", () => listCheckpoints(this.#scope));
  }

  addFirstShards(shards: readonly NewShard[]): Promise<boolean> {
    return this.#transact("Cannot add shards of stream", () => addFirstShards(this.#scope, shards));
  }

  addShards(shards: readonly NewShard[]): Promise<void> {
    return this.#transact("Cannot add shards of stream", () => addShards(this.#scope, shards));
  }

  adopt(positions: ReadonlyMap<ShardId, ArchivedPosition>): Promise<ShardId[]> {
    return this.#transact(
      "Cannot save checkpoints of stream",
      () => adopt(this.#scope, positions),
    );
  }

  renew(worker: string, ttlMs: number): Promise<Renewal> {
    return this.#transact("Cannot renew leases of stream", () => renew(this.#scope, worker, ttlMs));
  }

  acquire(shardId: ShardId, worker: string, ttlMs: number): Promise<number | undefined> {
    const lease = { shardId, worker, ttlMs };
    return this.#transact(`Cannot lease ${shardId} of stream`, () => acquire(this.#scope, lease));
  }

  release(worker: string, shardIds: readonly ShardId[]): Promise<void> {
    return this.#transact(
      "Cannot release leases of stream",
      () => release(this.#scope, worker, shardIds),
    );
  }

  leave(worker: string): Promise<void> {
    return this.#transact("Cannot release leases of stream", () => leave(this.#scope, worker));
  }

  store(): Promise<string | undefined> {
    return this.#run("Cannot read the object store of stream", () => readStore(this.#scope));
  }

  useStore(identity: string): Promise<void> {
    return this.#transact(
      "Cannot save the object store of stream",
      () => useStore(this.#scope, identity),
    );
  }

  newestFiles(): Promise<ArchiveIntent[]> {
    return this.#run("Cannot list the archives of stream", () => newestFiles(this.#scope));
  }

  moveStore(identity: string, options: MoveStoreOptions = {}): Promise<ArchiveMove[]> {
    return this.#transact(
      "Cannot move the archive of stream",
      () => moveStore(this.#scope, identity, options),
    );
  }

  moves(): Promise<ArchiveMove[]> {
    return this.#run(
      "Cannot list the moves of the archive of stream",
      () => listMoves(this.#scope),
    );
  }

  standing(shardId: ShardId): Promise<ShardStanding> {
    return this.#run(
      `Cannot read the position of ${shardId} of stream`,
      () => standing(this.#scope, shardId),
    );
  }

  intend(intent: ArchiveIntent, replaces?: string): Promise<ShardId[]> {
    return this.#transact(
      `Cannot write the intent of archive "${intent.key}" of stream`,
      () => intend(this.#scope, intent, replaces),
    );
  }

  commit(intentId: string): Promise<"done" | "void"> {
    return this.#transact(
      `Cannot commit intent "${intentId}" of stream`,
      () => commit(this.#scope, intentId),
    );
  }

  cancel(intentId: string): Promise<"done" | "void"> {
    return this.#transact(
      `Cannot cancel intent "${intentId}" of stream`,
      () => cancel(this.#scope, intentId),
    );
  }

  isCommitted(key: string): Promise<boolean> {
    return this.#run(
      `Cannot look for archive "${key}" of stream`,
      () => isCommitted(this.#scope, key),
    );
  }

  end(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    children: readonly NewShard[],
  ): Promise<boolean> {
    return this.#transact(
      `Cannot end ${shardId} of stream`,
      () => endSettled(this.#scope, { shardId, epoch, checkpoint, children }),
    );
  }

  confirm(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    knownAt?: Date,
  ): Promise<boolean> {
    return this.#transact(
      `Cannot confirm ${shardId} of stream`,
      () => confirm(this.#scope, { shardId, epoch, checkpoint, knownAt }),
    );
  }

  reposition(
    shardId: ShardId,
    epoch: number,
    position: ArchivedPosition | NewStart,
    gap?: Gap,
  ): Promise<boolean> {
    return this.#transact(`Cannot reposition ${shardId} of stream`, () => {
      return reposition(this.#scope, { shardId, epoch, position, gap });
    });
  }

  async recordGap(gap: Gap, epoch?: number): Promise<boolean> {
    const what = `Cannot record a gap in ${gap.shardId} of stream`;
    if (epoch !== undefined) {
      return await this.#transact(what, () => recordLeasedGap(this.#scope, gap, epoch));
    }
    await this.#transact(what, () => recordGap(this.#scope, gap));
    return true;
  }

  gaps(): Promise<Gap[]> {
    return this.#run("Cannot list the gaps of stream", () => listGaps(this.#scope));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  /** Created for each call, because the dialect of a test's database contains the time. */
  get #scope(): TableScope {
    return { client: this.client, stream: this.stream, dialect: this.#database.dialect };
  }

  #run<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return this.#database.run(`${what} "${this.stream}"`, steps);
  }

  #transact<T>(what: string, steps: () => Steps<T>): Promise<T> {
    return this.#database.transact(`${what} "${this.stream}"`, steps, SAME_SCHEMA);
  }
}
