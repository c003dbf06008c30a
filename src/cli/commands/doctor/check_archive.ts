import { newestArchived } from "../../../archive/mod.ts";
import { earliestAhead } from "../../../archiver/archive_ends.ts";
import { findMissing } from "../../../archiver/missing_files.ts";
import type { DatabaseFacts } from "../../../ledger/inspect_database.ts";
import { shardsBehind } from "../../../ledger/last_archived.ts";
import type { LedgerReport } from "../../../ledger/read_ledger.ts";
import type { Clock } from "../../../base/clock.ts";
import type { StreamDescription } from "../../../kinesis/mod.ts";
import type { ObjectStore } from "../../../objects/mod.ts";
import type { Findings } from "./findings.ts";

/** What should belong together: a store, a stream and a database. */
export interface ArchivePlace {
  readonly store: ObjectStore;
  readonly client: string;
  readonly description: StreamDescription;
  readonly history: LedgerReport;
  readonly facts: DatabaseFacts;
  readonly clock: Clock;
}

/** Checks that bucket and database belong together, and that neither is behind the other. */
export async function checkArchive(place: ArchivePlace, findings: Findings): Promise<void> {
  const { store, client, description, facts, history, clock } = place;
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
  const missing = await findings.attempt(
    "archive",
    () => undefined,
    async () => {
      const files = facts.newestFiles;
      const isMoved = history.moves.some((move) => move.client === client);
      const describe = () => Promise.resolve({ ...description, now: now.getTime() });
      return { found: await findMissing({ stream, client, store, files, isMoved }, describe) };
    },
  );
  if (missing?.found !== undefined) {
    const { isHeld, message, advice } = missing.found;
    if (isHeld) findings.fail("archive", message, { advice });
    else findings.warn("archive", message, { advice });
  }
  const open = history.shards.filter((shard) => shard.client === client && shard.state === "open");
  const since = earliestAhead(description, open, now.getTime());
  const options = { stream, client, clock, now, since: new Date(since), maxAttempts: 3 };
  const ends = await findings.attempt(
    "archive",
    () => undefined,
    () => newestArchived(store, options),
  );
  if (missing === undefined || missing.found !== undefined || ends === undefined) return;
  const ours = <T extends { readonly client: string }>(rows: readonly T[]) =>
    rows.filter((row) => row.client === client);
  const checkpoints = new Map(
    ours(history.checkpoints).map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
  );
  const behind = shardsBehind(ends, checkpoints, ours(history.gaps));
  const newest = [...ends.values()].map(({ key }) => key).sort().at(-1);
  if (behind.length > 0) {
    findings.fail("archive", `the database is behind the archive in ${behind.join(", ")}`, {
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
