/**
 * Moves the positions of a consumer group by hand, while its members run.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { GroupTarget, MovedShard } from "../../shards/group/group_table.ts";
import { planPositions } from "../../shards/group/plan_positions.ts";
import { setGroupPositions } from "../../shards/group/sql/positions.ts";
import { listGroupShards } from "../../shards/group/sql/shards.ts";
import type { TableScope } from "../../shards/table/sql_shards.ts";
import { openDatabase } from "../../sql/open_database.ts";
import { GROUP } from "../../sql/schema/group.ts";
import { LEDGER } from "../../sql/schema/ledger.ts";
import { sameVersions } from "../../sql/schema/versions.ts";
import type { SqliteDatabase } from "../../sql/sqlite/driver.ts";
import type { Steps } from "../../sql/steps.ts";

/** Whose positions {@linkcode moveGroup} moves. */
export interface MoveGroupOptions {
  readonly client: string;
  readonly stream: string;
  readonly dryRun: boolean;
}

/** Moves the shards that the group has, in one transaction; see `setPositions`. */
export function moveGroup(
  source: string | SqliteDatabase,
  positions: ReadonlyMap<ShardId, SequenceNumber>,
  { client, stream, dryRun }: MoveGroupOptions,
): Promise<MovedShard[]> {
  const targets = new Map<ShardId, GroupTarget>(
    [...positions].map(([shardId, position]) => [shardId, { position }]),
  );
  const what = `Cannot set positions of stream "${stream}"`;
  return openDatabase(source, { mode: "rehearse" }, async (opened) => {
    await using database = opened;
    const scope = { client, stream, dialect: database.dialect };
    const move = () => setGroupPositions(scope, targets);
    const moves = dryRun
      ? await database.run(what, () => plan(scope, targets))
      : await database.transact(what, move, sameVersions([LEDGER, GROUP]));
    return moves.filter(({ from, to }) => from !== to);
  });
}

function* plan(
  scope: TableScope,
  targets: ReadonlyMap<ShardId, GroupTarget>,
): Steps<MovedShard[]> {
  const planned = planPositions(yield* listGroupShards(scope), targets);
  return planned.map(({ shard: { shardId, position }, target }) => (
    { shardId, from: position, to: "position" in target ? target.position : undefined }
  ));
}
