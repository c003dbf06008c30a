import { CheckpointError, TritonError } from "../../../base/errors.ts";
import { type Clock, HOUR_MS } from "../../../base/clock.ts";
import type { KinesisApi } from "../../../kinesis/mod.ts";
import type { ClientGroup } from "../../../ledger/groups/read_groups.ts";
import { rehearseGroups } from "../../../ledger/inspect_database.ts";
import type { LedgerReport } from "../../../ledger/read_ledger.ts";
import { countOf, formatSpan } from "../../text/format.ts";
import { shortError } from "../../text/group_text.ts";
import { redact } from "../../text/redact.ts";
import { type Lag, lagOrGone } from "../stats/stats_lag.ts";
import type { Findings } from "./findings.ts";

/** What the groups of a stream are checked against. */
export interface GroupsPlace {
  /** The database. */
  readonly url: string;
  /** Name of the client that is to archive the stream. */
  readonly client: string;
  readonly kinesis: KinesisApi;
  readonly clock: Clock;
  /** The time by Kinesis' clock. */
  readonly now: number;
}

/** If a reader saved a position within this time, it is considered running. */
const RECENT_MS = HOUR_MS;

/** Checks the consumer groups that read the stream: who could be in the way, and who is not running. */
export async function checkGroups(
  { groups, checkpoints }: LedgerReport,
  place: GroupsPlace,
  findings: Findings,
): Promise<void> {
  if (groups === undefined) {
    return findings.warn("groups", "this user may not read the tables of consumer groups", {
      advice:
        "grant SELECT on triton_group, triton_group_shard and triton_group_worker: triton store " +
        "cannot notice that its client is a group",
    });
  }
  if (groups.length > 0) await checkRights(place, findings);
  for (const group of groups) {
    checkClient(group, place, findings);
    await checkMembers(group, place, findings);
    checkReaders(group, checkpoints, place, findings);
  }
}

/** Members may be other users, so what this one may not do is no reason to not archive. */
async function checkRights({ url }: GroupsPlace, findings: Findings): Promise<void> {
  try {
    await rehearseGroups(url);
    findings.ok("group rights", "everything that members of groups do there is allowed");
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    findings.warn("group rights", error.message, {
      advice: error.code === "42501"
        ? "if members of groups are this user, too, grant the rights listed in docs/permissions.md"
        : "members of this version of Triton are refused",
    });
  }
}

function checkClient(
  { client, stream }: ClientGroup,
  place: GroupsPlace,
  findings: Findings,
): void {
  if (client !== place.client) return;
  findings.fail("client", `client "${client}" is a consumer group that reads ${stream}`, {
    advice: "pass another --client-name: triton store refuses the name of a group",
  });
}

async function checkMembers(
  group: ClientGroup,
  place: GroupsPlace,
  findings: Findings,
): Promise<void> {
  const { members, shards } = group;
  const name = `group "${group.client}"`;
  const alive = members.filter(({ isAlive }) => isAlive);
  if (alive.length === 0) await checkIdle(group, place, findings);
  else {
    const open = shards.filter(({ state }) => state === "open");
    const count = `${countOf(alive.length, "member")}, ${countOf(open.length, "open shard")}`;
    findings.ok("groups", `${name}: ${count}`);
  }
  for (const { worker, isAlive, lastError } of members) {
    if (lastError === undefined) continue;
    const which = isAlive ? `member ${worker}` : `member ${worker}, which is gone,`;
    const error = shortError({ lastError: redact(lastError) });
    findings.warn("group errors", `${which} of ${name} failed last: ${error}`, {
      advice: "see its log: a position does not move past a record whose handler fails",
    });
  }
}

/** Checks a group without members: do records wait for it? */
async function checkIdle(
  group: ClientGroup,
  place: GroupsPlace,
  findings: Findings,
): Promise<void> {
  const none = `group "${group.client}" has no running member`;
  const advice = "start its members before the stream drops these records";
  const lag = await firstLag(group, place);
  if (lag === undefined) findings.ok("groups", `${none}, and no record waits for it`);
  else if (lag.type === "behind") {
    const age = formatSpan(lag.ms / 1000);
    findings.warn("groups", `${none}, and records wait for it since ${age}`, { advice });
  } else {
    findings.warn("groups", `${none}, and it is unknown whether records wait for it`, { advice });
  }
}

/** The lag of the first shard that has one; undefined if all records have been processed. */
async function firstLag(
  { client, stream, shards }: ClientGroup,
  { kinesis, clock }: GroupsPlace,
): Promise<Exclude<Lag, { readonly type: "ended" }> | undefined> {
  let unknown: Lag & { readonly type: "unknown" } | undefined;
  for (const { shardId, position: sequenceNumber, start, state } of shards) {
    if (state === "ended") continue;
    const row = { client, stream, shardId, sequenceNumber, start, ledger: { state } };
    try {
      const lag = await lagOrGone(row, kinesis, { clock });
      if (lag.type === "behind" && lag.ms > 0) return lag;
      if (lag.type === "unknown") unknown ??= lag;
    } catch (error) {
      if (!(error instanceof TritonError)) throw error;
      return { type: "unknown", reason: error.message };
    }
  }
  return unknown;
}

/** Checks whether a reader without leases has the group's name: it reads what the group reads. */
function checkReaders(
  { client, stream, shards }: ClientGroup,
  checkpoints: LedgerReport["checkpoints"],
  { now }: GroupsPlace,
  findings: Findings,
): void {
  const positions = new Map(shards.map(({ shardId, position }) => [shardId, position]));
  // A row that has the position of the group is one that it has taken over.
  const isRecent = checkpoints.some((row) =>
    row.client === client && row.stream === stream && now - row.updatedAt.getTime() < RECENT_MS &&
    positions.get(row.shardId) !== row.sequenceNumber
  );
  if (!isRecent) return;
  findings.warn(
    "group readers",
    `a program that is not a member saved positions of group "${client}" within the last hour`,
    {
      advice:
        "stop it, or give it another client name: it reads what the group reads, too; ignore " +
        "this if it is stopped already",
    },
  );
}
