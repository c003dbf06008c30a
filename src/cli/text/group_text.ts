import type { ShardId } from "../../base/record.ts";
import type { ClientGroup, ReportedMember } from "../../ledger/groups/read_groups.ts";
import { redact } from "./redact.ts";

/** A member, what it belongs to, and the shards that it reads. */
export interface MemberRow extends ReportedMember {
  readonly client: string;
  readonly stream: string;
  readonly shards: readonly ShardId[];
}

/**
 * The members of groups, by client, stream and name, each with the shards that it reads.
 *
 * Secrets in their last errors are masked: these are messages of users' handlers, and may hold anything.
 */
export function memberRows(
  groups: readonly ClientGroup[],
  env: Readonly<Record<string, string | undefined>>,
): MemberRow[] {
  return groups.flatMap(({ client, stream, shards, members }) =>
    members.map(({ lastError, ...member }) => ({
      ...{ client, stream, ...member },
      lastError: lastError === undefined ? undefined : redact(lastError, env),
      shards: shards.filter(({ owner }) => owner === member.worker).map(({ shardId }) => shardId),
    }))
  );
}

/** A line of JSON for a member. */
export function memberJson({ client, stream, worker, ...row }: MemberRow): unknown {
  const { isAlive, expiresAt, shards, lastError = null } = row;
  return { member: { client, stream, worker, isAlive, expiresAt, shards, lastError } };
}

/** The name of a member without most of its random suffix: `member-1f3a`. */
export function shortName(worker: string): string {
  return worker.replace(/(-[0-9a-f]{4})[0-9a-f]{12}$/, "$1");
}

/** The most of an error that fits into a line of a table. */
const MAX_ERROR = 80;

/** The last error of a member as one short line, without a stack trace. */
export function shortError({ lastError = "" }: Pick<ReportedMember, "lastError">): string {
  const [line = ""] = lastError.split("\n");
  return line.length <= MAX_ERROR ? line : `${line.slice(0, MAX_ERROR - 1)}…`;
}

/** Says that groups are missing from an output because the user may not read their tables. */
export const GROUPS_UNREADABLE =
  "Consumer groups are not shown: this user of the database may not read triton_group, " +
  "triton_group_shard and triton_group_worker";
