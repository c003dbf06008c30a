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
  ShardPosition,
  TableKey,
} from "./archive_ledger.ts";
import { listCheckpoints } from "./tables/checkpoints.ts";
import { adopt, confirm, reposition } from "./tables/positions.ts";
import { listGaps, recordGap, recordLeasedGap } from "../shards/table/sql_gaps.ts";
import { cancel, commit, endSettled, intend, isCommitted, readPosition } from "./tables/intents.ts";
import { SAME_SCHEMA } from "./tables/schema.ts";
import { listMoves, moveStore, newestFiles, readStore, useStore } from "./tables/store.ts";
import { addFirstArchived, identifyArchived, listShards } from "./tables/shards.ts";
import { acquire, leave, release, renew } from "../shards/table/sql_leases.ts";
import { addShards, type TableScope } from "../shards/table/sql_shards.ts";
import { recreatedError } from "./errors.ts";
import type { Database } from "../sql/database.ts";
import { LEDGER } from "../sql/schema/ledger.ts";
import { prepareTables } from "../sql/schema/versions.ts";
import type { Steps } from "../sql/steps.ts";

/** Statements on the tables of one client and stream. */
type TableSteps<A extends unknown[], T> = (scope: TableScope, ...args: A) => Steps<T>;

/** Databases that stay open when a ledger is disposed of. */
export interface SharedDatabases {
  /** The database. */
  readonly database: Database;
  /** The same one, for renewals, which must not wait for anything else. */
  readonly renewals: Database;
}

/** A ledger in PostgreSQL or SQLite. */
export class SqlLedger implements ArchiveLedger {
  readonly client: string;
  readonly stream: string;
  readonly #database: Database;
  readonly #renewals: Database;
  readonly #isShared: boolean;

  /**
   * Creates a ledger on a database that has its tables.
   *
   * @param database The database, which is closed with the ledger; or some that are not.
   */
  constructor(database: Database | SharedDatabases, { client, stream }: TableKey) {
    this.client = checkClient(client);
    this.stream = stream;
    this.#isShared = "renewals" in database;
    this.#database = "renewals" in database ? database.database : database;
    this.#renewals = "renewals" in database ? database.renewals : database;
  }

  /**
   * Creates a ledger on a database, and creates or upgrades its tables.
   *
   * @param database The database, which must have the table `triton_checkpoint`; closed with the
   * ledger.
   */
  static async open(database: Database, key: TableKey): Promise<SqlLedger> {
    const ledger = new SqlLedger(database, key);
    await prepareTables(database, [LEDGER]);
    return ledger;
  }

  async identify(createdAt: Date): Promise<void> {
    const known = await this.#transact("Cannot identify stream", identifyArchived, createdAt);
    if (known.getTime() !== createdAt.getTime()) {
      throw recreatedError(this.stream, known, createdAt);
    }
  }

  shards(state?: LedgerShard["state"]): Promise<LedgerShard[]> {
    return this.#run("Cannot list the shards of stream", listShards, state);
  }

  checkpoints(): Promise<Map<ShardId, SequenceNumber>> {
    return this.#run("Cannot list the checkpoints of stream", listCheckpoints);
  }

  addFirstShards(shards: readonly NewShard[]): Promise<boolean> {
    return this.#transact("Cannot add shards of stream", addFirstArchived, shards);
  }

  addShards(shards: readonly NewShard[]): Promise<void> {
    return this.#transact("Cannot add shards of stream", addShards, shards);
  }

  adopt(positions: ReadonlyMap<ShardId, ArchivedPosition>): Promise<ShardId[]> {
    return this.#transact("Cannot save checkpoints of stream", adopt, positions);
  }

  renew(worker: string, ttlMs: number): Promise<Renewal> {
    const what = `Cannot renew leases of stream "${this.stream}"`;
    const work = () => renew(this.#scope(this.#renewals), worker, ttlMs);
    return this.#renewals.transact(what, work, SAME_SCHEMA);
  }

  acquire(shardId: ShardId, worker: string, ttlMs: number): Promise<number | undefined> {
    const lease = { shardId, worker, ttlMs };
    return this.#transact(`Cannot lease ${shardId} of stream`, acquire, lease);
  }

  release(worker: string, shardIds: readonly ShardId[]): Promise<void> {
    return this.#transact("Cannot release leases of stream", release, worker, shardIds);
  }

  leave(worker: string): Promise<void> {
    return this.#transact("Cannot release leases of stream", leave, worker);
  }

  store(): Promise<string | undefined> {
    return this.#run("Cannot read the object store of stream", readStore);
  }

  useStore(identity: string): Promise<void> {
    return this.#transact("Cannot save the object store of stream", useStore, identity);
  }

  newestFiles(): Promise<ArchiveIntent[]> {
    return this.#run("Cannot list the archives of stream", newestFiles);
  }

  moveStore(identity: string, options: MoveStoreOptions = {}): Promise<ArchiveMove[]> {
    return this.#transact("Cannot move the archive of stream", moveStore, identity, options);
  }

  moves(): Promise<ArchiveMove[]> {
    return this.#run("Cannot list the moves of the archive of stream", listMoves);
  }

  position(shardId: ShardId): Promise<ShardPosition> {
    return this.#run(`Cannot read the position of ${shardId} of stream`, readPosition, shardId);
  }

  intend(intent: ArchiveIntent, replaces?: string): Promise<ShardId[]> {
    return this.#transact(
      `Cannot write the intent of archive "${intent.key}" of stream`,
      intend,
      intent,
      replaces,
    );
  }

  commit(intentId: string): Promise<"done" | "void"> {
    return this.#transact(`Cannot commit intent "${intentId}" of stream`, commit, intentId);
  }

  cancel(intentId: string): Promise<"done" | "void"> {
    return this.#transact(`Cannot cancel intent "${intentId}" of stream`, cancel, intentId);
  }

  isCommitted(key: string): Promise<boolean> {
    return this.#run(`Cannot look for archive "${key}" of stream`, isCommitted, key);
  }

  end(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    children: readonly NewShard[],
  ): Promise<boolean> {
    return this.#transact(`Cannot end ${shardId} of stream`, endSettled, {
      shardId,
      epoch,
      checkpoint,
      children,
    });
  }

  confirm(
    shardId: ShardId,
    epoch: number,
    checkpoint: SequenceNumber | undefined,
    knownAt?: Date,
  ): Promise<boolean> {
    return this.#transact(`Cannot confirm ${shardId} of stream`, confirm, {
      shardId,
      epoch,
      checkpoint,
      knownAt,
    });
  }

  reposition(
    shardId: ShardId,
    epoch: number,
    position: ArchivedPosition | NewStart,
    gap?: Gap,
  ): Promise<boolean> {
    const move = { shardId, epoch, position, gap };
    return this.#transact(`Cannot reposition ${shardId} of stream`, reposition, move);
  }

  async recordGap(gap: Gap, epoch?: number): Promise<boolean> {
    const what = `Cannot record a gap in ${gap.shardId} of stream`;
    if (epoch !== undefined) {
      return await this.#transact(what, recordLeasedGap, gap, epoch);
    }
    await this.#transact(what, recordGap, gap);
    return true;
  }

  gaps(): Promise<Gap[]> {
    return this.#run("Cannot list the gaps of stream", listGaps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isShared) await this.#database[Symbol.asyncDispose]();
  }

  /** Created for each call, because the dialect of a test's database contains the time. */
  #scope({ dialect }: Database): TableScope {
    return { client: this.client, stream: this.stream, dialect };
  }

  #run<A extends unknown[], T>(what: string, steps: TableSteps<A, T>, ...args: A): Promise<T> {
    return this.#database.run(
      `${what} "${this.stream}"`,
      () => steps(this.#scope(this.#database), ...args),
    );
  }

  #transact<A extends unknown[], T>(
    what: string,
    steps: TableSteps<A, T>,
    ...args: A
  ): Promise<T> {
    const work = () => steps(this.#scope(this.#database), ...args);
    return this.#database.transact(`${what} "${this.stream}"`, work, SAME_SCHEMA);
  }
}
