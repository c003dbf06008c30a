import type { Config } from "../../../config/mod.ts";
import { KinesisError } from "../../../base/errors.ts";
import type { KinesisApi } from "../../../kinesis/mod.ts";
import type { StartPosition } from "../../../base/record.ts";
import { retry } from "../../../base/retry.ts";
import type { CliContext } from "../../cli_context.ts";
import type { StatsRow } from "./stats_rows.ts";

/** How far a position is behind its stream. */
export type Lag =
  /** The oldest record after it arrived so long ago; 0 where there is none. */
  | { readonly type: "behind"; readonly ms: number }
  /** Nothing can come after it: the shard was archived to its end. */
  | { readonly type: "ended" }
  | { readonly type: "unknown"; readonly reason: string };

/** How many requests find the next record; one that finds none gets closer to it. */
const MOST_REQUESTS = 10;

/**
 * Asks Kinesis how far behind each row is.
 *
 * A stream that cannot be asked makes its rows unknown, and nothing else.
 *
 * @param rows The rows.
 * @param config Where the streams are; others are looked for in the region of the environment.
 * @param context The world outside.
 */
export async function readLags(
  rows: readonly StatsRow[],
  config: Config,
  context: CliContext,
): Promise<Map<StatsRow, Lag>> {
  const { openKinesis } = await import("../../../kinesis/mod.ts");
  const lags = new Map<StatsRow, Lag>();
  const streams = new Set(rows.map(({ stream }) => stream));
  await Promise.all([...streams].map(async (stream) => {
    const known = config.streams.find(({ name }) => name === stream);
    const mine = rows.filter((row) => row.stream === stream);
    try {
      await using kinesis = await openKinesis({ region: known?.region, endpoint: known?.endpoint });
      // One after the other: a shard answers five requests a second, and its archiver needs them.
      for (const row of mine) lags.set(row, await lagOrGone(row, kinesis, context));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      for (const row of mine) {
        if (!lags.has(row)) lags.set(row, { type: "unknown", reason });
      }
    }
  }));
  return lags;
}

/** A shard that has left the stream, and a position that is none of the shard's. */
const OF_ONE_SHARD = new Set(["ResourceNotFoundException", "InvalidArgumentException"]);

/** What is wrong with one shard says nothing of its neighbours. */
async function lagOrGone(row: StatsRow, kinesis: KinesisApi, context: CliContext): Promise<Lag> {
  const { clock } = context;
  try {
    return await retry(() => lagOf(row, kinesis, context), { clock, maxAttempts: 3 });
  } catch (error) {
    if (!(error instanceof KinesisError) || !OF_ONE_SHARD.has(error.code)) throw error;
    return { type: "unknown", reason: error.message };
  }
}

async function lagOf(row: StatsRow, kinesis: KinesisApi, { clock }: CliContext): Promise<Lag> {
  const { stream, shardId, ledger, sequenceNumber, start } = row;
  if (ledger?.state === "ended") return { type: "ended" };
  const from: StartPosition = sequenceNumber === undefined
    ? start ?? { type: "trim-horizon" }
    : { type: "after", sequenceNumber };
  let iterator: string | undefined = await kinesis.getShardIterator({ stream, shardId }, from);
  let behindMs = 0;
  for (let request = 0; request < MOST_REQUESTS; request++) {
    const shard = { stream, shardId };
    const batch = await kinesis.getRecords(iterator, { limit: 1, shard });
    const [next] = batch.records;
    if (next !== undefined) {
      const now = batch.serverTime?.getTime() ?? clock.now();
      // Kinesis tells its time to the second; a record that waits is never no lag.
      return { type: "behind", ms: Math.max(1, now - next.arrivedAt.getTime()) };
    }
    behindMs = batch.millisBehindLatest;
    iterator = batch.nextIterator;
    if (behindMs === 0 || iterator === undefined) break;
  }
  return { type: "behind", ms: behindMs };
}
