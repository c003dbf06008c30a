import type { ArchiveLedger } from "./archive_ledger.ts";
import { type DatabaseFacts, inspectDatabase } from "./inspect_database.ts";
import { planMoves } from "./last_archived.ts";
import { aliveError, unsettledError } from "./errors.ts";
import { findFile, isMemory } from "../sql/open_database.ts";
import { type LedgerReport, NOTHING_RECORDED, readLedger } from "./read_ledger.ts";

/** The methods of a ledger that read, and a dry run of `moveStore`. */
export type RecordedLedger = Pick<
  ArchiveLedger,
  "shards" | "checkpoints" | "gaps" | "position" | "store" | "moveStore"
>;

/**
 * Reads the ledger of a stream, without changing the database: it creates no table and no SQLite file.
 * A file that does not exist is a ledger without shards. `moveStore` returns what a move would record,
 * and refuses what a move would refuse.
 *
 * @param url The database, as for `openLedger`.
 * @param options Whose ledger.
 * @returns The current ledger.
 * @throws {CheckpointError} If the database cannot be reached or read.
 */
export async function readRecordedLedger(
  url: string,
  options: { readonly client: string; readonly stream: string },
): Promise<RecordedLedger> {
  if (isMemory(url) || findFile(url)?.exists === false) {
    return recorded(NOTHING_RECORDED, { ...options, open: [], store: undefined, now: new Date(0) });
  }
  const facts = await inspectDatabase(url, options);
  return recorded(await readLedger(url, options), { ...options, ...facts });
}

/** What is not in a report. */
interface Beside extends Pick<DatabaseFacts, "open" | "store" | "now"> {
  readonly stream: string;
}

function recorded(
  { shards, checkpoints, gaps, moves }: LedgerReport,
  { stream, open: intents, store, now }: Beside,
): RecordedLedger {
  const positions = new Map(
    checkpoints.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]),
  );
  return {
    shards: () => Promise.resolve([...shards]),
    checkpoints: () => Promise.resolve(positions),
    gaps: () => Promise.resolve([...gaps]),
    store: () => Promise.resolve(store),
    // deno-lint-ignore require-await -- so that errors reject
    async moveStore(identity, { isGone = false } = {}) {
      if (store === identity) return [];
      const owner = shards.find((shard) => shard.owner !== undefined)?.owner;
      if (owner !== undefined) throw aliveError(stream, owner);
      if (intents[0] !== undefined && !isGone) throw unsettledError(stream, intents[0]);
      const shardIds = shards.map(({ shardId }) => shardId);
      const move = { from: store, to: identity, movedAt: now };
      return planMoves({ shardIds, checkpoints: positions, gaps, moves, ...move });
    },
    position(shardId) {
      const { start, checkpoint, knownAt } = shards.find((shard) => shard.shardId === shardId)!;
      const open = intents.filter(({ ranges }) =>
        ranges.some((range) => range.shardId === shardId)
      );
      return Promise.resolve({ open, checkpoint, knownAt, start });
    },
  };
}
