/**
 * Removes a consumer group whose stream was deleted.
 *
 * @module
 */

import { CheckpointError } from "../../base/errors.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import { listMembers } from "../../shards/group/sql/leases.ts";
import { listGroupShards } from "../../shards/group/sql/shards.ts";
import type { TableScope } from "../../shards/table/sql_shards.ts";
import { execute, type Steps } from "../../sql/steps.ts";

/**
 * The shards of a group, and the last record that each has processed.
 *
 * @throws {CheckpointError} With code `Leased` while a member is alive.
 */
export function* listProcessed(
  scope: TableScope,
): Steps<{ readonly shardId: ShardId; readonly archived: SequenceNumber | undefined }[]> {
  const [member] = yield* listMembers(scope);
  if (member !== undefined) {
    throw new CheckpointError(
      `Cannot forget the positions of "${scope.stream}": member ${member.worker} of group ` +
        `"${scope.client}" is alive; stop the members, or wait until the leases of those that died ` +
        "have expired (20 s by default)",
      { code: "Leased" },
    );
  }
  const shards = yield* listGroupShards(scope);
  return shards.map(({ shardId, position }) => ({ shardId, archived: position }));
}

/** Deletes a group: its members that have expired, its shards, and what it was a group of. */
export function* deleteGroup({ client, stream }: TableScope): Steps<void> {
  for (const table of ["triton_group_worker", "triton_group_shard", "triton_group"]) {
    yield* execute(`DELETE FROM ${table} WHERE client = ? AND stream = ?`, client, stream);
  }
}
