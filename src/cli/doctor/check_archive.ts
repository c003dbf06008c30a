import { newestArchived } from "../../archive/mod.ts";
import type { DatabaseFacts } from "../../checkpoint/inspect_database.ts";
import type { LedgerReport } from "../../checkpoint/mod.ts";
import type { Clock } from "../../clock.ts";
import { compareSequenceNumbers } from "../../record.ts";
import type { StreamDescription } from "../../kinesis/mod.ts";
import type { ObjectStore } from "../../objects/mod.ts";
import type { Findings } from "./findings.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What belongs together, if all is well. */
export interface ArchivePlace {
  readonly store: ObjectStore;
  readonly client: string;
  readonly description: StreamDescription;
  readonly history: LedgerReport;
  readonly facts: DatabaseFacts;
  readonly clock: Clock;
}

/** Whether bucket and database belong together, and neither is behind the other. */
export async function checkArchive(place: ArchivePlace, findings: Findings): Promise<void> {
  const { store, client, description, facts, clock } = place;
  const { name: stream, retentionHours, createdAt } = description;
  const { newestKey, streamCreatedAt } = facts;
  if (streamCreatedAt !== undefined && streamCreatedAt.getTime() !== createdAt.getTime()) {
    findings.fail(
      "archive",
      `the positions belong to a stream of this name that was created ${streamCreatedAt.toISOString()}`,
      { advice: "archive the new stream under another --client-name" },
    );
    return;
  }
  const isThere = newestKey === undefined || await findings.attempt(
    "archive",
    () => undefined,
    async () => await store.head(newestKey) !== undefined,
  );
  if (isThere === false) {
    findings.fail(
      "archive",
      `${newestKey}, the newest archive of the database, is not in ${store.url}`,
      {
        advice:
          "--bucket, --client-name and --checkpoint-db must belong together; if the file was lost, " +
          "triton verify tells what is missing",
      },
    );
  }
  const since = Math.max(clock.now() - retentionHours * HOUR_MS - DAY_MS, createdAt.getTime());
  const options = { stream, client, clock, since: new Date(since), maxAttempts: 3 };
  const ends = await findings.attempt(
    "archive",
    () => undefined,
    () => newestArchived(store, options),
  );
  if (!isThere || ends === undefined) return;
  const behind = shardsBehind(ends, place);
  const newest = [...ends.values()].map(({ key }) => key).sort().at(-1);
  if (behind.length > 0) {
    findings.fail("archive", `the database is behind the archive in ${behind.join(", ")}`, {
      advice:
        `triton checkpoint recover --client-name ${client} with this stream, bucket and database: ` +
        "triton store refuses these shards until then",
    });
  } else if (newest === undefined) {
    findings.ok(
      "archive",
      `nothing of ${stream} is archived for client ${client} yet, or not lately`,
    );
  } else findings.ok("archive", `goes to ${newest}, and the database knows it`);
}

/** By the rule of `triton store`: see `shard_position.ts`. */
function shardsBehind(
  ends: Awaited<ReturnType<typeof newestArchived>>,
  { client, history }: ArchivePlace,
): string[] {
  const saved = new Map(
    history.checkpoints.filter((checkpoint) => checkpoint.client === client)
      .map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
  );
  return [...ends].filter(([shardId, { last }]) => {
    const checkpoint = saved.get(shardId);
    if (checkpoint !== undefined) return compareSequenceNumbers(last, checkpoint) > 0;
    return !history.gaps.some((gap) =>
      gap.client === client && gap.shardId === shardId && gap.after === last
    );
  }).map(([shardId]) => shardId).sort();
}
