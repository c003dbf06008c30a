/**
 * Intents in SQL.
 *
 * The row of an intent changes only once, from `intent` to `done` or `void`, by a statement that
 * checks the old state: this decides between a commit and a cancel. Rows are kept: they are the index
 * of the archive, and a writer that was disconnected for long must still learn the state of its file.
 * A row has about 300 bytes, and 200 more for each shard.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { ArchiveIntent, ShardPosition } from "../archive_ledger.ts";
import { lockCheckpoints, moveCheckpoints } from "./checkpoints.ts";
import { type IntentRow, toIntent, toKnownAt } from "./rows.ts";
import { toStart } from "../../shards/table/rows.ts";
import { endShard, lockShards, type TableScope } from "../../shards/table/sql_shards.ts";
import { movedError, otherStoreError } from "../errors.ts";
import { unknownError } from "../../shards/table/rows.ts";
import { lockStore } from "./store.ts";
import { toSequenceNumber } from "../../checkpoint/rows.ts";
import { execute, select, type Steps } from "../../sql/steps.ts";

type FinalState = "done" | "void";

/** An intent with its state, and the time by the database's clock. */
interface FoundIntent extends ArchiveIntent {
  readonly state: "intent" | FinalState;
  readonly now: number;
}

/** A row of {@linkcode readPosition}: the shard, its checkpoint, and one of the stream's intents. */
interface PositionRow {
  readonly start_at: string;
  readonly started_ms: number | string;
  readonly seq_num: string | null;
  readonly updated: number | null;
  readonly id: string | null;
  readonly archive_key: string;
  readonly ranges: string;
}

/** Reads the checkpoint and the open intents in one statement, so as of one moment. */
export function* readPosition(
  { client, stream }: TableScope,
  shardId: ShardId,
): Steps<ShardPosition> {
  const rows = yield* execute<PositionRow>(
    `SELECT s.start_at, s.started_ms, c.seq_num, c.updated, a.id, a.archive_key, a.ranges, a.store
    FROM triton_shard s
    LEFT JOIN triton_checkpoint c
      ON c.client = s.client AND c.stream = s.stream AND c.shard = s.shard
    LEFT JOIN triton_archive a
      ON a.client = s.client AND a.stream = s.stream AND a.state = 'intent'
    WHERE s.client = ? AND s.stream = ? AND s.shard = ?
    ORDER BY a.intended_ms, a.id`,
    ...[client, stream, shardId],
  );
  const [shard] = rows;
  if (shard === undefined) throw unknownError(`shard "${shardId}" of "${stream}"`);
  return {
    open: rows.filter((row): row is PositionRow & IntentRow => row.id !== null).map(toIntent)
      .filter(({ ranges }) => ranges.some((range) => range.shardId === shardId)),
    checkpoint: toSequenceNumber(shard.seq_num),
    knownAt: toKnownAt(shard),
    start: toStart(shard.start_at),
  };
}

/**
 * Ends a shard, unless its checkpoint is not the expected one, or an intent of it is open, which would
 * never be settled afterwards.
 */
export function* endSettled(
  scope: TableScope,
  { checkpoint, ...end }: Omit<Parameters<typeof endShard>[1], "isSettled"> & {
    readonly checkpoint: SequenceNumber | undefined;
  },
): Steps<boolean> {
  yield* lockShards(scope, [end.shardId]);
  const found = yield* readPosition(scope, end.shardId);
  const isSettled = found.open.length === 0 && found.checkpoint === checkpoint;
  return yield* endShard(scope, { ...end, isSettled });
}

/** Saves an intent for those shards whose lease and checkpoint are as it says. */
export function* intend(
  scope: TableScope,
  intent: ArchiveIntent,
  replaces: string | undefined,
): Steps<ShardId[]> {
  const shardIds = intent.ranges.map(({ shardId }) => shardId);
  // From here on, the leases and checkpoints of these shards cannot change.
  const shards = yield* lockShards(scope, shardIds);
  const known = yield* lockStore(scope);
  if (known !== undefined && known !== intent.store) {
    throw otherStoreError(scope, { known, found: intent.store });
  }
  const written = yield* findIntent(scope, intent.id);
  if (written !== undefined) return written.ranges.map(({ shardId }) => shardId);
  const saved = yield* lockCheckpoints(scope, shardIds);
  const ranges = intent.ranges.filter(({ shardId, epoch, previous }) => {
    const shard = shards.get(shardId);
    if (shard === undefined) throw unknownError(`shard "${shardId}" of "${scope.stream}"`);
    if (shard.owner !== (intent.worker ?? shard.owner)) return false;
    return shard.owner !== null && shard.epoch === epoch && saved.get(shardId) === previous;
  });
  if (replaces !== undefined) yield* settle(scope, replaces, "void");
  if (ranges.length > 0) yield* insertIntent(scope, { ...intent, ranges });
  return ranges.map(({ shardId }) => shardId);
}

/** Makes an open intent done and moves its checkpoints, or returns its final state. */
export function* commit(scope: TableScope, intentId: string): Steps<FinalState> {
  const intent = yield* getIntent(scope, intentId);
  if (intent.state !== "intent") return intent.state;
  yield* lockShards(scope, intent.ranges.map(({ shardId }) => shardId));
  if (!(yield* settle(scope, intentId, "done"))) return yield* verdict(scope, intentId);
  const moved = yield* moveCheckpoints(scope, intent.ranges, intent.now);
  if (moved !== undefined) throw movedError(scope.stream, moved, intent.key);
  return "done";
}

/** Makes an open intent void, or returns its final state. */
export function* cancel(scope: TableScope, intentId: string): Steps<FinalState> {
  return (yield* settle(scope, intentId, "void")) ? "void" : yield* verdict(scope, intentId);
}

/** Whether the archive of a key is committed. */
export function* isCommitted(scope: TableScope, key: string): Steps<boolean> {
  const more = " AND archive_key = ? AND state = 'done'";
  return (yield* select(scope, "id FROM triton_archive", more, key)).length > 0;
}

/** Changes the state of an intent if it is open, and returns whether it was. */
function* settle(
  { client, stream }: TableScope,
  intentId: string,
  state: FinalState,
): Steps<boolean> {
  const rows = yield* execute(
    `UPDATE triton_archive SET state = ?
    WHERE client = ? AND stream = ? AND id = ? AND state = 'intent' RETURNING id`,
    ...[state, client, stream, intentId],
  );
  return rows.length > 0;
}

/** The final state of an intent that is not open. */
function* verdict(scope: TableScope, intentId: string): Steps<FinalState> {
  return (yield* getIntent(scope, intentId)).state as FinalState;
}

function* getIntent(scope: TableScope, intentId: string): Steps<FoundIntent> {
  const intent = yield* findIntent(scope, intentId);
  if (intent === undefined) throw unknownError(`intent "${intentId}"`);
  return intent;
}

function* findIntent(scope: TableScope, intentId: string): Steps<FoundIntent | undefined> {
  const { client, stream, dialect } = scope;
  const [row] = yield* execute<IntentRow & { state: FoundIntent["state"]; now: number | string }>(
    `SELECT id, archive_key, state, ranges, store, ${dialect.now} AS now FROM triton_archive
    WHERE client = ? AND stream = ? AND id = ?`,
    ...[client, stream, intentId],
  );
  return row && { ...toIntent(row), state: row.state, now: Number(row.now) };
}

function* insertIntent(
  { client, stream, dialect }: TableScope,
  intent: ArchiveIntent,
): Steps<void> {
  yield* execute(
    `INSERT INTO triton_archive
      (client, stream, id, archive_key, state, ranges, store, intended_ms)
    VALUES (?, ?, ?, ?, 'intent', ?, NULLIF(?, ''), ${dialect.now})`,
    ...[client, stream, intent.id, intent.key, JSON.stringify(intent.ranges)],
    intent.store ?? "",
  );
}
