import { CheckpointError } from "../base/errors.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { deleteGroup, listProcessed } from "./groups/forget_group.ts";
import { openDatabase } from "../sql/open_database.ts";
import { lastArchived } from "./last_archived.ts";
import { listCheckpoints } from "./tables/checkpoints.ts";
import { listGaps, recordGap } from "../shards/table/sql_gaps.ts";
import { SAME_SCHEMA } from "./tables/schema.ts";
import { listShards } from "./tables/shards.ts";
import { lockShards, type TableScope } from "../shards/table/sql_shards.ts";
import { hasGroup, lockGroup } from "../shards/group/sql/identity.ts";
import { GROUP } from "../sql/schema/group.ts";
import { LEDGER } from "../sql/schema/ledger.ts";
import { sameVersions } from "../sql/schema/versions.ts";
import { liveWorkers } from "../shards/table/sql_leases.ts";
import { execute, select, type Steps } from "../sql/steps.ts";

/** Whose positions {@linkcode forgetPositions} removes. */
export interface ForgetOptions {
  /** Name of the client that archives, or of a consumer group. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** When the current stream of that name was created. */
  readonly createdAt: Date;
  /** Whether to change nothing. Default: false. */
  readonly dryRun?: boolean | undefined;
}

/** A shard of the deleted stream. */
export interface ForgottenShard {
  /** The shard. */
  readonly shardId: ShardId;
  /** The last archived record, or the last one that a group has processed. Undefined if there is none. */
  readonly archived: SequenceNumber | undefined;
}

/**
 * Removes the positions of a deleted stream, so that the current stream of that name is archived, or
 * read by a group, from its beginning. The files and their intents stay. Where the archive of each
 * shard ended, or the group, is recorded as a gap with the reason `"recreated"`.
 *
 * @param url The database, which must exist.
 * @returns The shards whose positions were removed.
 * @throws {CheckpointError} With code `SameStream` if the positions belong to the current stream,
 * `Leased` while a worker or a member is alive.
 */
export function forgetPositions(url: string, options: ForgetOptions): Promise<ForgottenShard[]> {
  const { client, stream, dryRun = false } = options;
  const what = `Cannot forget the positions of stream "${stream}"`;
  return openDatabase(url, { mode: "rehearse" }, async (opened) => {
    await using database = opened;
    const scope = { client, stream, dialect: database.dialect };
    if (dryRun) return await database.run(what, () => plan(scope, options));
    const isGroup = await database.run(what, () => hasGroup(scope));
    const premise = isGroup ? sameVersions([LEDGER, GROUP]) : SAME_SCHEMA;
    return await database.transact(what, () => forget(scope, options), premise);
  });
}

function* forget(scope: TableScope, options: ForgetOptions): Steps<ForgottenShard[]> {
  const { client, stream } = scope;
  yield* lockShards(scope, (yield* listShards(scope)).map(({ shardId }) => shardId));
  const [worker] = yield* liveWorkers(scope);
  if (worker !== undefined) throw aliveError(stream, worker);
  if (yield* hasGroup(scope)) yield* lockGroup(scope);
  const shards = yield* plan(scope, options);
  for (const { shardId, archived: after } of shards) {
    if (after === undefined) continue;
    const recordedAt = options.createdAt;
    yield* recordGap(scope, {
      ...{ stream, shardId, after, until: undefined, reason: "recreated", recordedAt },
    });
  }
  // They would never be settled: the shards of the new stream have the same names.
  yield* execute(
    "UPDATE triton_archive SET state = 'void' WHERE client = ? AND stream = ? AND state = 'intent'",
    ...[client, stream],
  );
  if (yield* hasGroup(scope)) yield* deleteGroup(scope);
  for (const table of ["triton_checkpoint", "triton_shard", "triton_stream"]) {
    yield* execute(`DELETE FROM ${table} WHERE client = ? AND stream = ?`, client, stream);
  }
  return shards;
}

function* plan(scope: TableScope, { createdAt }: ForgetOptions): Steps<ForgottenShard[]> {
  const { client, stream } = scope;
  const [known] = yield* select<{ created_ms: number | string }>(
    scope,
    "created_ms FROM triton_stream",
  );
  if (known === undefined || Number(known.created_ms) === createdAt.getTime()) {
    throw new CheckpointError(
      `Cannot forget the positions of client "${client}" in "${stream}": ` +
        (known ? "they belong to the current stream" : "it archives no such stream"),
      { code: "SameStream" },
    );
  }
  const shards = yield* listShards(scope);
  const owner = shards.find((shard) => shard.owner !== undefined)?.owner;
  if (owner !== undefined) throw aliveError(stream, owner);
  const checkpoints = yield* listCheckpoints(scope);
  const gaps = yield* listGaps(scope);
  if (yield* hasGroup(scope)) return yield* listProcessed(scope);
  const ids = new Set([...shards.map(({ shardId }) => shardId), ...checkpoints.keys()]);
  return [...ids].sort().map((shardId) => (
    { shardId, archived: lastArchived({ shardId, checkpoint: checkpoints.get(shardId) }, gaps) }
  ));
}

function aliveError(stream: string, worker: string): CheckpointError {
  return new CheckpointError(
    `Cannot forget the positions of "${stream}": worker ${worker} is alive; stop triton store, or ` +
      "wait until the leases of one that died have expired (20 s by default)",
    { code: "Leased" },
  );
}
