import { getLogger } from "@logtape/logtape";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { Database } from "../../sql/database.ts";
import { GROUP } from "../../sql/schema/group.ts";
import { LEDGER } from "../../sql/schema/ledger.ts";
import { sameVersions } from "../../sql/schema/versions.ts";
import type { Steps } from "../../sql/steps.ts";
import type { Gap, NewShard, Renewal } from "../table/lease_table.ts";
import { listGaps, recordGap } from "../table/sql_gaps.ts";
import type { TableScope } from "../table/sql_shards.ts";
import { recreatedError } from "./group_errors.ts";
import type {
  GroupEnd,
  GroupMember,
  GroupMove,
  GroupPosition,
  GroupShard,
  GroupTable,
  GroupTarget,
  MovedShard,
} from "./group_table.ts";
import { ExpiryWatch } from "./sql/expiry_watch.ts";
import { groupCreatedAt, identifyGroup } from "./sql/identity.ts";
import {
  acquireShard,
  freeEpoch,
  leaveGroup,
  listMembers,
  releaseShards,
  renewWorker,
  reportError,
} from "./sql/leases.ts";
import {
  endGroupShard,
  recordLeasedGap,
  savePositions,
  setGroupPositions,
} from "./sql/positions.ts";
import { endSessions } from "./sql/session_names.ts";
import {
  addFirstGroupShards,
  addGroupShards,
  listGroupPositions,
  listGroupShards,
  readGroupPosition,
} from "./sql/shards.ts";

const log = getLogger(["triton", "group"]);

const SAME_SCHEMA = sameVersions([LEDGER, GROUP]);

/** What a {@linkcode SqlGroup} works on. */
export interface SqlGroupOptions {
  /** Name of the client. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The database, which has the tables; closed with the group. */
  readonly database: Database;
  /** The same database on a connection of its own, for renewals; closed with the group. */
  readonly renewals: Database;
  /** The schema of the tables on PostgreSQL, where hanging sessions are ended. */
  readonly schema?: string | undefined;
  /** Clock whose monotonic time measures how long others do not renew. Default: the system clock. */
  readonly clock?: Clock | undefined;
}

/** Statements on the tables of one group. */
type TableSteps<A extends unknown[], T> = (scope: TableScope, ...args: A) => Steps<T>;

/** A group in PostgreSQL or SQLite. */
export class SqlGroup implements GroupTable {
  readonly client: string;
  readonly stream: string;
  readonly #options: SqlGroupOptions;
  readonly #watch: ExpiryWatch;

  constructor(options: SqlGroupOptions) {
    this.client = options.client;
    this.stream = options.stream;
    this.#options = options;
    this.#watch = new ExpiryWatch(options.clock ?? systemClock);
  }

  async identify(createdAt: Date): Promise<void> {
    const known = await this.#transact("Cannot identify stream", identifyGroup, createdAt);
    if (known.getTime() !== createdAt.getTime()) throw recreatedError(this, known, createdAt);
  }

  createdAt(): Promise<Date | undefined> {
    return this.#run("Cannot look for the group of stream", groupCreatedAt);
  }

  shards(state?: GroupShard["state"]): Promise<GroupShard[]> {
    return this.#run("Cannot list the shards of stream", listGroupShards, state);
  }

  checkpoints(): Promise<Map<ShardId, SequenceNumber>> {
    return this.#run("Cannot list the positions of stream", listGroupPositions);
  }

  addFirstShards(shards: readonly NewShard[]): Promise<boolean> {
    return this.#transact("Cannot add shards of stream", addFirstGroupShards, shards);
  }

  addShards(shards: readonly NewShard[]): Promise<void> {
    return this.#transact("Cannot add shards of stream", addGroupShards, shards);
  }

  renew(worker: string, ttlMs: number): Promise<Renewal> {
    const { renewals } = this.#options;
    const what = `Cannot renew leases of stream "${this.stream}"`;
    const renewal = { worker, ttlMs, watch: this.#watch };
    return renewals.transact(what, () => renewWorker(this.#scope(renewals), renewal), SAME_SCHEMA);
  }

  async acquire(shardId: ShardId, worker: string): Promise<number | undefined> {
    const lease = { shardId, worker };
    const what = `Cannot lease ${shardId} of stream`;
    const epoch = await this.#transact(what, acquireShard, lease);
    if (epoch !== undefined) await this.#endSessions(shardId, epoch - 1);
    else {
      // If it is free nevertheless, a transaction of an older owner may hang and hold the row.
      const free = await this.#run(what, freeEpoch, lease);
      if (free !== undefined) await this.#endSessions(shardId, free);
    }
    return epoch;
  }

  release(worker: string, shardIds: readonly ShardId[]): Promise<void> {
    return this.#transact("Cannot release leases of stream", releaseShards, worker, shardIds);
  }

  leave(worker: string): Promise<void> {
    return this.#transact("Cannot release leases of stream", leaveGroup, worker);
  }

  position(shardId: ShardId, worker: string, epoch: number): Promise<GroupPosition | undefined> {
    const what = `Cannot read the position of ${shardId} of stream`;
    return this.#run(what, readGroupPosition, { shardId, worker, epoch });
  }

  save(worker: string, moves: readonly GroupMove[]): Promise<ShardId[]> {
    return this.#transact("Cannot save positions of stream", savePositions, worker, moves);
  }

  endShard(end: GroupEnd): Promise<boolean> {
    return this.#transact(`Cannot end ${end.shardId} of stream`, endGroupShard, end);
  }

  setPositions(targets: ReadonlyMap<ShardId, GroupTarget>): Promise<MovedShard[]> {
    return this.#transact("Cannot set positions of stream", setGroupPositions, targets);
  }

  members(): Promise<GroupMember[]> {
    return this.#run("Cannot list the members of the group of stream", listMembers);
  }

  report(worker: string, error: string | undefined): Promise<void> {
    return this.#transact("Cannot report an error of stream", reportError, worker, error);
  }

  async recordGap(gap: Gap, epoch?: number): Promise<boolean> {
    const what = `Cannot record a gap in ${gap.shardId} of stream`;
    if (epoch !== undefined) return await this.#transact(what, recordLeasedGap, gap, epoch);
    await this.#transact(what, recordGap, gap);
    return true;
  }

  gaps(): Promise<Gap[]> {
    return this.#run("Cannot list the gaps of stream", listGaps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { database, renewals } = this.#options;
    await renewals[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }

  /** Ends sessions of older owners; whether that succeeds does not matter to the lease. */
  async #endSessions(shardId: ShardId, epoch: number): Promise<void> {
    const { client, stream, schema, database } = this.#options;
    if (schema === undefined) return;
    try {
      const what = `Cannot end older sessions of ${shardId}`;
      const place = { schema, client, stream, shardId };
      const count = await database.run(what, () => endSessions(place, epoch));
      if (count === 0) return;
      log.warn("Ended {count} sessions in which an older owner of {shardId} was still working", {
        event: "group.sessions_ended",
        shardId,
        count,
      });
    } catch (error) {
      log.warn("Cannot end the sessions of an older owner of {shardId}: {reason}", {
        event: "group.sessions_kept",
        shardId,
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Created for each call, because the dialect of a test's database contains the time. */
  #scope({ dialect }: Database): TableScope {
    return { client: this.client, stream: this.stream, dialect };
  }

  #run<A extends unknown[], T>(what: string, steps: TableSteps<A, T>, ...args: A): Promise<T> {
    const { database } = this.#options;
    const named = `${what} "${this.stream}"`;
    return database.run(named, () => steps(this.#scope(database), ...args));
  }

  #transact<A extends unknown[], T>(
    what: string,
    steps: TableSteps<A, T>,
    ...args: A
  ): Promise<T> {
    const { database } = this.#options;
    const work = () => steps(this.#scope(database), ...args);
    return database.transact(`${what} "${this.stream}"`, work, SAME_SCHEMA);
  }
}
