import { type ArchiveComparison, findBehind } from "../../../archiver/behind_archive.ts";
import { findMissing } from "../../../archiver/checks/claim_store.ts";
import { heldSince } from "../../../kinesis/mod.ts";
import type { Clock } from "../../../base/clock.ts";
import type { StreamDescription } from "../../../kinesis/mod.ts";
import type { ObjectStore } from "../../../objects/mod.ts";
import type { DatabaseKnowledge } from "./check_database.ts";
import type { Findings } from "./findings.ts";

/** What should belong together: a store, a stream and a database. */
export interface ArchivePlace extends DatabaseKnowledge {
  readonly store: ObjectStore;
  readonly client: string;
  readonly description: StreamDescription;
  readonly clock: Clock;
}

/** Checks that bucket and database belong together, and that neither is behind the other. */
export async function checkArchive(place: ArchivePlace, findings: Findings): Promise<void> {
  const { store, client, description, facts, clock } = place;
  const { name: stream, createdAt } = description;
  const { streamCreatedAt } = facts;
  if (streamCreatedAt !== undefined && streamCreatedAt.getTime() !== createdAt.getTime()) {
    findings.fail(
      "archive",
      `the positions belong to a stream of this name that was created ${streamCreatedAt.toISOString()}`,
      {
        advice:
          "archive the new stream with another --client-name, or remove the old positions with " +
          "triton checkpoint forget",
      },
    );
    return;
  }
  if (facts.store !== undefined && facts.store !== store.identity) {
    findings.fail(
      "archive",
      `the archive of client "${client}" is in ${facts.store}, not in ${store.identity}`,
      {
        advice: "pass that bucket as --bucket, or run triton checkpoint move-bucket",
      },
    );
    return;
  }
  const now = description.serverTime ?? new Date(clock.now());
  const isWhole = await checkNewestFiles(place, now, findings);
  const found = await findings.attempt("archive", () => undefined, () => compare(place, now));
  if (!isWhole || found === undefined) return;
  const newest = [...found.ends.values()].map(({ key }) => key).sort().at(-1);
  if (found.behind.length > 0) {
    findings.fail("archive", `the database is behind the archive in ${found.behind.join(", ")}`, {
      advice:
        `run triton checkpoint recover --client-name ${client} with this stream, bucket and ` +
        "database: triton store refuses these shards until then",
    });
  } else if (newest === undefined) {
    findings.ok(
      "archive",
      `no recent archive of ${stream} for client ${client}`,
    );
  } else findings.ok("archive", `the newest file is ${newest}, and the database knows it`);
}

/** Whether the files are there that the checkpoints come from. */
async function checkNewestFiles(
  { store, client, description, facts, history }: ArchivePlace,
  now: Date,
  findings: Findings,
): Promise<boolean> {
  const { newestFiles: files } = facts;
  const isMoved = history.moves.some((move) => move.client === client);
  const since = heldSince(description, now.getTime());
  const newest = { stream: description.name, client, store, files, isMoved };
  const has = async (key: string) => await store.head(key) !== undefined;
  const search = await findings.attempt("archive", () => undefined, async () => ({
    missing: await findMissing(newest, since, has),
  }));
  if (search?.missing !== undefined) {
    const { isHeld, message, advice } = search.missing;
    findings[isHeld ? "fail" : "warn"]("archive", message, { advice });
  }
  return search !== undefined && search.missing === undefined;
}

/** Compares what the database knows of this client's archive with the archive. */
function compare(
  { store, client, description, history, clock }: ArchivePlace,
  now: Date,
): Promise<ArchiveComparison> {
  const ours = <T extends { readonly client: string }>(rows: readonly T[]) =>
    rows.filter((row) => row.client === client);
  const known = {
    open: ours(history.shards).filter(({ state }) => state === "open"),
    checkpoints: new Map(
      ours(history.checkpoints).map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
    ),
    gaps: ours(history.gaps),
  };
  const options = { stream: description.name, client, clock, now, maxAttempts: 3 };
  return findBehind(store, description, known, options);
}
