/**
 * A ledger as it is recorded, for those who only look.
 *
 * @module
 */

import { existsSync } from "node:fs";
import type { ArchiveLedger } from "./archive_ledger.ts";
import { inspectDatabase } from "./inspect_database.ts";
import { parseDatabaseUrl } from "./open_database.ts";
import { type LedgerReport, readLedger } from "./read_ledger.ts";

/** What can be asked of a ledger without changing it. */
export type RecordedLedger = Pick<ArchiveLedger, "shards" | "checkpoints" | "gaps" | "standing">;

/**
 * Reads the ledger of a stream, and changes nothing in the database: not even its tables, nor a
 * SQLite file that is not there, which is a ledger without any shard.
 *
 * @param url The database, as `openLedger` takes it.
 * @param options Whose ledger.
 * @returns The ledger as of now.
 * @throws {CheckpointError} If the database cannot be reached or read.
 */
export async function readRecordedLedger(
  url: string,
  options: { readonly client: string; readonly stream: string },
): Promise<RecordedLedger> {
  const address = parseDatabaseUrl(url);
  const isMissing = address.type === "memory" ||
    address.type === "sqlite" && !existsSync(address.path);
  if (isMissing) return recorded({ checkpoints: [], gaps: [], shards: [], moves: [] }, []);
  const { open } = await inspectDatabase(url, options);
  return recorded(await readLedger(url, options), open);
}

type Intents = Awaited<ReturnType<typeof inspectDatabase>>["open"];

function recorded({ shards, checkpoints, gaps }: LedgerReport, intents: Intents): RecordedLedger {
  const positions = new Map(
    checkpoints.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
  );
  return {
    shards: () => Promise.resolve([...shards]),
    checkpoints: () => Promise.resolve(positions),
    gaps: () => Promise.resolve([...gaps]),
    standing(shardId) {
      const { start, checkpoint, knownAt } = shards.find((shard) => shard.shardId === shardId)!;
      const open = intents.filter(({ ranges }) =>
        ranges.some((range) => range.shardId === shardId)
      );
      return Promise.resolve({ open, checkpoint, knownAt, start });
    },
  };
}
