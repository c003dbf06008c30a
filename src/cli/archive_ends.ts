import type { NewestArchived } from "../archiver/mod.ts";
import type { ArchiverServices, Patience } from "../archiver/services.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Finds where the archive ends, as far back as the database could be behind it.
 *
 * Older files are not read: what the stream does not hold any more cannot be archived again, an
 * earlier stream of the same name has nothing to do with this one, and a file that was made before
 * a position was saved is not ahead of it. A day is added, because clocks differ.
 *
 * @param services Kinesis, object store, ledger and clock.
 * @param signal Gives up.
 * @returns The end of each shard that has archives in that time.
 */
export async function findArchiveEnds(
  services: ArchiverServices & Patience,
  signal: AbortSignal,
): Promise<NewestArchived> {
  const [{ newestArchived }, { persist }] = await Promise.all([
    import("../archive/mod.ts"),
    import("../archiver/services.ts"),
  ]);
  const { kinesis, store, ledger, clock, monitor } = services;
  const patience = { clock, signal, monitor };
  const { stream, client } = ledger;
  const description = await persist("Kinesis", patience, () => kinesis.describeStream(stream));
  const savedAt = await persist("ledger", patience, () => oldestPosition(ledger));
  const heldSince = clock.now() - description.retentionHours * HOUR_MS;
  const since = Math.max(heldSince - DAY_MS, savedAt - DAY_MS, description.createdAt.getTime());
  return await newestArchived(store, {
    ...{ stream, client, clock, signal },
    since: new Date(since),
    maxAttempts: Infinity,
  });
}

/**
 * When the oldest of the positions that are in use was saved; 0 if there is a shard without one.
 *
 * A shard may have been added by a worker that was refused because the archive is ahead: when that
 * was says nothing.
 */
async function oldestPosition(ledger: ArchiverServices["ledger"]): Promise<number> {
  const open = await ledger.shards("open");
  if (open.length === 0 || open.some(({ checkpoint }) => checkpoint === undefined)) return 0;
  return Math.min(...open.map(({ knownAt }) => knownAt.getTime()));
}
