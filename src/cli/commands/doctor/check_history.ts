import { HOUR_MS } from "../../../base/clock.ts";
import { gapId } from "../../../archive/verify/gap_id.ts";
import type { ClientShard, LedgerReport } from "../../../ledger/read_ledger.ts";
import type { DatabaseFacts } from "../../../ledger/inspect_database.ts";
import type { DatabaseKnowledge } from "./check_database.ts";
import type { Findings } from "./findings.ts";
import { countOf } from "../../text/format.ts";

/** If a position was saved within this time, its program is considered running. */
const RECENT_MS = HOUR_MS;
/** All readers of a shard share five reads per second; each uses about one. */
const MAX_READERS = 4;
/** Warns if less than this fraction of the retention is left. */
const LEAST_HEADROOM = 0.25;

/** What a history is checked against. */
export interface HistoryPlace {
  readonly client: string;
  readonly now: number;
  /** How long the stream keeps records, if that is known. */
  readonly retentionHours: number | undefined;
}

/** Reports what the database knows: workers, what they left behind, gaps, and other consumers. */
export function checkHistory(
  knowledge: DatabaseKnowledge,
  place: HistoryPlace,
  findings: Findings,
): void {
  const { history, facts } = knowledge;
  const { client } = place;
  const shards = history.shards.filter((shard) => shard.client === client);
  checkWorkers(shards, facts, findings);
  checkHeadroom(shards, place, findings);
  checkOtherPrograms(history, shards, place, findings);
  checkGaps(knowledge, client, findings);
}

function checkGaps(
  { history, accepted }: DatabaseKnowledge,
  client: string,
  findings: Findings,
): void {
  const isAccepted = new Set(accepted.filter((gap) => gap.client === client).map(({ id }) => id));
  const recorded = history.gaps.filter((gap) => gap.client === client);
  const gaps = recorded.filter((gap) => !isAccepted.has(gapId(gap)));
  const last = gaps.at(-1);
  if (last === undefined) {
    return findings.ok(
      "gaps",
      recorded.length === 0
        ? "no gap is recorded"
        : `${countOf(recorded.length, "recorded gap")}, accepted`,
    );
  }
  const newest = `the newest ${last.reason}, noticed ${last.recordedAt.toISOString()}`;
  findings.warn("gaps", `${countOf(gaps.length, "recorded gap")}, ${newest}`, {
    advice:
      "run triton verify with this database to list them, and triton checkpoint accept-gap to " +
      "accept one that is to stay",
  });
}

function checkWorkers(
  shards: readonly ClientShard[],
  { open }: DatabaseFacts,
  findings: Findings,
): void {
  const owners = [...new Set(shards.flatMap(({ owner }) => owner ?? []))];
  if (owners.length > 0) {
    findings.ok("workers", `${countOf(owners.length, "worker")} running: ${owners.join(", ")}`);
  } else findings.ok("workers", "none is running");
  const [left] = open;
  if (left === undefined || owners.length > 0) return;
  findings.warn(
    "open archives",
    `${countOf(open.length, "archive")} started by a worker that is gone, such as ${left.key}`,
    {
      advice: "run triton store: it finds out whether they were uploaded before it reads anything",
    },
  );
}

function checkHeadroom(
  shards: readonly ClientShard[],
  { now, retentionHours }: HistoryPlace,
  findings: Findings,
): void {
  const open = shards.filter(({ state }) => state === "open");
  const oldest = Math.min(...open.map(({ knownAt }) => knownAt.getTime()));
  if (retentionHours === undefined || open.length === 0) return;
  const left = retentionHours - (now - oldest) / HOUR_MS;
  const since = new Date(oldest).toISOString();
  if (left <= 0) {
    findings.warn(
      "headroom",
      `nothing is known to be archived since ${since}, and the stream has ` +
        "dropped records since then",
      { advice: "run triton store: it records which records were lost" },
    );
  } else if (left < retentionHours * LEAST_HEADROOM) {
    findings.warn(
      "headroom",
      `in ${left.toFixed(1)} hours the stream drops records that are not archived`,
      { advice: "run triton store soon, or increase the stream's retention" },
    );
  } else findings.ok("headroom", `${Math.floor(left)} of ${retentionHours} hours`);
}

function checkOtherPrograms(
  { checkpoints, groups = [] }: LedgerReport,
  shards: readonly ClientShard[],
  { client, now }: HistoryPlace,
  findings: Findings,
): void {
  const running = checkpoints.filter(({ updatedAt }) => now - updatedAt.getTime() < RECENT_MS);
  const isGroup = groups.some((group) => group.client === client); // see checkGroups
  const isRead = running.some((checkpoint) => checkpoint.client === client);
  if (shards.length === 0 && isRead && !isGroup) {
    findings.warn(
      "leases",
      `a program without leases saved positions of client "${client}" within the last hour`,
      {
        weakens: `what that program archives as "${client}" is archived a second time`,
        advice:
          "stop it (go-triton, or a consumer with that client name) before you run triton store; " +
          "ignore this if it is stopped already",
      },
    );
  }
  const active = groups.filter(({ members }) => members.some(({ isAlive }) => isAlive));
  const others = [...new Set([...running, ...active].map((reader) => reader.client))]
    .filter((name) => name !== client);
  if (others.length === 0) return;
  const message = `${countOf(others.length, "other client")} in this database: ${
    others.join(", ")
  }`;
  if (others.length < MAX_READERS) return findings.ok("consumers", message);
  findings.warn("consumers", message, {
    advice: "they share five reads per second of each shard: pass a longer --poll-interval",
  });
}
