/**
 * What a group is a group of, and that its client does not archive the same stream.
 *
 * Groups and archivers look for each other under a lock of the row in `triton_stream`: of two that
 * begin at once, the second one finds the first.
 *
 * @module
 */

import { execute, select, type Steps } from "../../../sql/steps.ts";
import { identify, type TableScope } from "../../table/sql_shards.ts";
import { archiverError, groupError, noGroupError } from "../group_errors.ts";

/** Creates the group unless it exists; returns when its stream was created. */
export function* identifyGroup(scope: TableScope, createdAt: Date): Steps<Date> {
  const { client, stream } = scope;
  yield* identify(scope, createdAt); // locks the row
  const archived = yield* select(scope, "shard FROM triton_shard", " LIMIT 1");
  if (archived.length > 0) throw archiverError(scope);
  const [row] = yield* execute<{ created_ms: number | string }>(
    `INSERT INTO triton_group (client, stream, created_ms) VALUES (?, ?, ?)
    ON CONFLICT (client, stream) DO UPDATE SET created_ms = triton_group.created_ms
    RETURNING created_ms`,
    ...[client, stream, createdAt.getTime()],
  );
  return new Date(Number(row!.created_ms));
}

/** When the stream of the group was created. Undefined if there is no such group. */
export function* groupCreatedAt(scope: TableScope, lock = ""): Steps<Date | undefined> {
  const rows = yield* select<{ created_ms: number | string }>(
    scope,
    "created_ms FROM triton_group",
    lock,
  );
  return rows[0] && new Date(Number(rows[0].created_ms));
}

/**
 * Locks the row of the group. The first shards, later ones, the end of a shard, and moves by hand do so
 * before they lock or add rows of shards: none comes in between.
 */
export function* lockGroup(scope: TableScope): Steps<void> {
  const createdAt = yield* groupCreatedAt(scope, scope.dialect.forUpdate);
  if (createdAt === undefined) throw noGroupError(scope);
}

/**
 * Refuses an archiver whose client is a group. The caller has locked the row of the stream.
 *
 * @throws {CheckpointError} With code `Group`.
 */
export function* refuseGroup(scope: TableScope): Steps<void> {
  if (yield* hasGroup(scope)) throw groupError(scope);
}

/** Whether a client reads a stream as a group. No, where there are no groups that the user may read. */
export function* hasGroup(scope: TableScope): Steps<boolean> {
  if ((yield* execute(scope.dialect.findReadable, "triton_group")).length === 0) return false;
  return (yield* groupCreatedAt(scope)) !== undefined;
}
