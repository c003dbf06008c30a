/**
 * Reads consumer groups without changing the database.
 *
 * @module
 */

import type { GroupMember, GroupShard } from "../../shards/group/group_table.ts";
import { isAlive, toMember, type WorkerRow } from "../../shards/group/sql/leases.ts";
import { selectGroupShards, type ShardRow, toGroupShard } from "../../shards/group/sql/shards.ts";
import { compareText } from "../../shards/table/rows.ts";
import type { SqlDialect } from "../../sql/database.ts";
import { execute, type SqlValue, type Steps, tuple } from "../../sql/steps.ts";

/** A member, and whether its leases hold. */
export interface ReportedMember extends GroupMember {
  /** False if it has expired without leaving the group: it was killed, or cannot reach the database. */
  readonly isAlive: boolean;
}

/** A consumer group, as the database knows it. */
export interface ClientGroup {
  /** Name of the client: the group's name. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** When the stream was created that the group reads. */
  readonly createdAt: Date;
  /** Its shards, in order. Empty until the first member has listed those of the stream. */
  readonly shards: readonly GroupShard[];
  /** Its members, in order. Those that have expired are listed until another member renews its leases. */
  readonly members: readonly ReportedMember[];
}

/** Which rows to read: those of the given columns' values. */
export interface GroupFilter {
  readonly client?: string | undefined;
  /** One stream, or several. */
  readonly stream?: string | readonly string[] | undefined;
}

const TABLES = ["triton_group", "triton_group_shard", "triton_group_worker"] as const;

/** A row with its client and stream. */
type Owned<R> = R & Pick<ClientGroup, "client" | "stream">;

/**
 * Reads groups, by client and stream, from a database that has their tables.
 *
 * @returns Undefined if the user may not read them.
 */
export function* readGroups(
  dialect: SqlDialect,
  filter: GroupFilter,
): Steps<ClientGroup[] | undefined> {
  for (const table of TABLES) {
    if ((yield* execute(dialect.findReadable, table)).length === 0) return undefined;
  }
  const { where, values } = conditionOf(filter);
  const groups = yield* execute<Owned<{ created_ms: number | string }>>(
    `SELECT s.* FROM triton_group s${where}`,
    ...values,
  );
  const shards = yield* execute<Owned<ShardRow>>(selectGroupShards(dialect) + where, ...values);
  const members = yield* execute<Owned<WorkerRow>>(
    `SELECT s.*, ${dialect.now} AS now FROM triton_group_worker s${where}`,
    ...values,
  );
  return groups.map(({ client, stream, created_ms }) => {
    const isOurs = (row: Owned<object>) => row.client === client && row.stream === stream;
    return {
      ...{ client, stream, createdAt: new Date(Number(created_ms)) },
      shards: shards.filter(isOurs).map(toGroupShard)
        .sort((a, b) => compareText(a.shardId, b.shardId)),
      members: members.filter(isOurs).map((row) => ({ ...toMember(row), isAlive: isAlive(row) }))
        .sort((a, b) => compareText(a.worker, b.worker)),
    };
  }).sort((a, b) => compareText(a.client, b.client) || compareText(a.stream, b.stream));
}

function conditionOf(filter: GroupFilter): { where: string; values: SqlValue[] } {
  const wanted = Object.entries(filter).flatMap(([column, value]) =>
    value === undefined ? [] : [{ column, values: [value].flat() }]
  );
  const conditions = wanted.map(({ column, values }) => `s.${column} IN ${tuple(values)}`);
  return {
    where: conditions.length === 0 ? "" : ` WHERE ${conditions.join(" AND ")}`,
    values: wanted.flatMap(({ values }) => values),
  };
}
