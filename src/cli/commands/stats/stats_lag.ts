import type { Clock } from "../../../base/clock.ts";
import type { Config, StreamConfig } from "../../../config/mod.ts";
import { KinesisError } from "../../../base/errors.ts";
import type { KinesisApi } from "../../../kinesis/mod.ts";
import type { StartPosition } from "../../../base/record.ts";
import { retry } from "../../../base/retry.ts";
import type { CliContext } from "../../cli_context.ts";
import type { StatsRow } from "./stats_rows.ts";

/** How far a position is behind the stream. */
export type Lag =
  /** How long ago the oldest record after the position arrived; 0 if there is none. */
  | { readonly type: "behind"; readonly ms: number }
  /** No record can follow: the shard was archived to its end. */
  | { readonly type: "ended" }
  | { readonly type: "unknown"; readonly reason: string };

/** Most requests for the next record; each that returns none gets closer to it. */
const MOST_REQUESTS = 10;

/**
 * Reads from Kinesis how far behind each row is.
 *
 * If a stream cannot be read, the lags of its rows are unknown; the other rows are not affected.
 */
export async function readLags(
  rows: readonly StatsRow[],
  config: Config,
  context: CliContext,
): Promise<Map<StatsRow, Lag>> {
  const { openKinesis } = await import("../../../kinesis/sdk/open_kinesis.ts");
  const lags = new Map<StatsRow, Lag>();
  const streams = new Set(rows.map(({ stream }) => stream));
  await Promise.all([...streams].map(async (stream) => {
    const known = config.streams.find(({ name }) => name === stream);
    const mine = rows.filter((row) => row.stream === stream);
    try {
      const { region, endpoint, arn: streamArn }: Partial<StreamConfig> = known ?? {};
      await using kinesis = await openKinesis({ region, endpoint, streamArn });
      // Sequentially: a shard allows five reads per second, and its archiver needs them.
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

/** Error codes for a shard that has left the stream, and for a position of another shard. */
const OF_ONE_SHARD = new Set(["ResourceNotFoundException", "InvalidArgumentException"]);

/** A position in a shard, and whether the shard has ended. */
type LaggingRow = Pick<StatsRow, "stream" | "shardId" | "sequenceNumber" | "start"> & {
  readonly ledger: Pick<NonNullable<StatsRow["ledger"]>, "state"> | undefined;
};

/**
 * Reads from Kinesis how far behind one row is. An error that concerns a single shard makes only its
 * own lag unknown.
 */
export async function lagOrGone(
  row: LaggingRow,
  kinesis: KinesisApi,
  { clock }: Pick<CliContext, "clock">,
): Promise<Lag> {
  try {
    return await retry(() => lagOf(row, kinesis, clock), { clock, maxAttempts: 3 });
  } catch (error) {
    if (!(error instanceof KinesisError) || !OF_ONE_SHARD.has(error.code)) throw error;
    return { type: "unknown", reason: error.message };
  }
}

async function lagOf(row: LaggingRow, kinesis: KinesisApi, clock: Clock): Promise<Lag> {
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
      // Kinesis reports its time in whole seconds; a waiting record must never show as no lag.
      return { type: "behind", ms: Math.max(1, now - next.arrivedAt.getTime()) };
    }
    behindMs = batch.millisBehindLatest;
    iterator = batch.nextIterator;
    if (behindMs === 0 || iterator === undefined) break;
  }
  return { type: "behind", ms: behindMs };
}
