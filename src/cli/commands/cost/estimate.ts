import type { Prices, Tiers } from "./prices.ts";

/** What arrives, and how it is archived. */
export interface Load {
  /** Events per second, of all streams together. */
  readonly eventsPerSecond: number;
  /** Size of an event in bytes. */
  readonly bytes: number;
  /** How many streams share the events evenly. */
  readonly streams: number;
  /** Shards of all streams together; undefined for as few as the load needs; null on demand. */
  readonly shards: number | null | undefined;
  /** How long the streams keep records, in hours. */
  readonly retentionHours: number;
  /** Programs that read the streams besides `triton store`. */
  readonly consumers: number;
  /** A new file is started at every multiple of this duration. */
  readonly rotateMs: number;
  /** A new file is started at this compressed size. */
  readonly maxSize: number;
  /** Compressed size of an event, as a fraction of its size. */
  readonly compression: number;
  /** How many months of archives are kept. */
  readonly months: number;
}

/** One line of a bill. */
export interface CostLine {
  readonly what: string;
  readonly quantity: number;
  readonly unit: string;
  /** USD per unit; undefined if it falls with the quantity. */
  readonly price: number | undefined;
  /** USD a month. */
  readonly usd: number;
}

/** What a load costs a month. */
export interface Estimate {
  readonly events: number;
  readonly gb: number;
  /** Shards of all streams; null on demand. */
  readonly shards: number | null;
  /** Shards that the load needs, of all streams. */
  readonly shardsNeeded: number;
  /** Files that are put a month. */
  readonly files: number;
  readonly kinesis: readonly CostLine[];
  readonly s3: readonly CostLine[];
  /** What Firehose adds to the streams instead of `triton store`. */
  readonly firehose: readonly CostLine[];
  /** USD a month for the streams and the archive. */
  readonly usd: number;
  /** USD a month with Firehose. */
  readonly firehoseUsd: number;
}

/** Hours in a month, as AWS counts them. */
export const MONTH_HOURS = 730;
const MONTH_SECONDS = MONTH_HOURS * 3600;
const KB = 1024;
const GB = KB ** 3;
/** What a shard takes a second, and what all its readers get together. */
const SHARD = { records: 1000, bytesIn: KB ** 2, bytesOut: 2 * KB ** 2 };
/** When Firehose ends a file at the latest, with the longest buffers. */
const FIREHOSE_BUFFER: FileLimit = { seconds: 900, bytes: 128 * KB ** 2 };
const [DAY_HOURS, WEEK_HOURS] = [24, 168];

/** Estimates what a load costs a month of 730 hours. */
export function estimate(load: Load, prices: Prices): Estimate {
  const { eventsPerSecond, bytes, streams, compression } = load;
  const events = eventsPerSecond * MONTH_SECONDS;
  const gb = events * bytes / GB;
  const shardsNeeded = shardsFor(load);
  const shards = load.shards === undefined ? shardsNeeded : load.shards;
  const kinesis = shards === null
    ? onDemand(load, gb, prices)
    : provisioned(load, { gb, shards }, prices);
  const stored = gb * compression;
  const limit = { seconds: load.rotateMs / 1000, bytes: load.maxSize };
  const files = filesOf(streams, stored * GB, limit);
  const s3 = archive(load, { gb: stored, files }, prices);
  const firehoseFiles = filesOf(streams, gb * GB, FIREHOSE_BUFFER);
  const firehose = [
    tiered(
      "ingestion, records in steps of 5 KB",
      "GB",
      steps(load, 5 * KB) / GB,
      prices.firehoseGb,
    ),
    ...archive(load, { gb: stored, files: firehoseFiles }, prices),
  ];
  return {
    ...{ events, gb, shards, shardsNeeded, files, kinesis, s3, firehose },
    usd: sum(kinesis) + sum(s3),
    firehoseUsd: sum(kinesis) + sum(firehose),
  };
}

/** How many files are put a month, each closed after some time or at some size. */
function filesOf(streams: number, size: number, limit: FileLimit): number {
  return Math.max(streams * MONTH_SECONDS / limit.seconds, size / limit.bytes);
}

/** When a file is closed. */
interface FileLimit {
  readonly seconds: number;
  readonly bytes: number;
}

/** USD a month. */
export function sum(lines: readonly CostLine[]): number {
  return lines.reduce((usd, line) => usd + line.usd, 0);
}

/** How many shards the load needs, evenly distributed. */
function shardsFor({ eventsPerSecond, bytes, streams, consumers }: Load): number {
  const [events, readers] = [eventsPerSecond / streams, consumers + 1];
  return streams * Math.max(
    Math.ceil(events / SHARD.records),
    Math.ceil(events * bytes / SHARD.bytesIn),
    Math.ceil(events * bytes * readers / SHARD.bytesOut),
  );
}

/** Bytes of a month, with each record rounded up to a multiple of a step. */
function steps({ eventsPerSecond, bytes }: Load, step: number): number {
  return eventsPerSecond * MONTH_SECONDS * Math.ceil(bytes / step) * step;
}

function provisioned(
  load: Load,
  { gb, shards }: { readonly gb: number; readonly shards: number },
  prices: Prices,
): CostLine[] {
  const hours = shards * MONTH_HOURS;
  const units = steps(load, 25 * KB) / (25 * KB) / 1e6;
  return [
    line("shards", "shard-hours", hours, prices.shardHour),
    line("PUT payload units of 25 KB", "million", units, prices.putUnitsMillion),
    ...load.retentionHours > DAY_HOURS
      ? [line("retention over 24 hours", "shard-hours", hours, prices.extendedShardHour)]
      : [],
    ...longTerm(load, gb, prices),
  ];
}

function onDemand(load: Load, gb: number, prices: Prices): CostLine[] {
  const { streams, consumers, retentionHours } = load;
  const extended = Math.min(retentionHours, WEEK_HOURS) - DAY_HOURS;
  return [
    line("streams on demand", "stream-hours", streams * MONTH_HOURS, prices.streamHour),
    line("data in, records in steps of 1 KB", "GB", steps(load, KB) / GB, prices.onDemandInGb),
    line("data out", "GB", gb * (consumers + 1), prices.onDemandOutGb),
    ...extended > 0
      ? [
        line(
          "retention over 24 hours",
          "GB-months",
          gb * extended / MONTH_HOURS,
          prices.onDemandExtendedGbMonth,
        ),
      ]
      : [],
    ...longTerm(load, gb, prices),
  ];
}

/** What is kept beyond seven days. */
function longTerm({ retentionHours }: Load, gb: number, prices: Prices): CostLine[] {
  const hours = retentionHours - WEEK_HOURS;
  if (hours <= 0) return [];
  const kept = gb * hours / MONTH_HOURS;
  return [line("retention over 7 days", "GB-months", kept, prices.longTermGbMonth)];
}

function archive(
  { months }: Load,
  { gb, files }: { readonly gb: number; readonly files: number },
  prices: Prices,
): CostLine[] {
  return [
    tiered("S3 storage", "GB-months", gb * months, prices.s3GbMonth),
    line("S3 PUT requests", "thousand", files / 1000, prices.s3PutThousand),
  ];
}

function line(what: string, unit: string, quantity: number, price: number): CostLine {
  return { what, quantity, unit, price, usd: quantity * price };
}

/** A line whose price falls with the quantity. */
function tiered(what: string, unit: string, quantity: number, tiers: Tiers): CostLine {
  let [from, usd] = [0, 0];
  for (const [upTo, price] of tiers) {
    const end = Math.min(quantity, upTo ?? Infinity);
    if (end > from) usd += (end - from) * price;
    from = Math.max(from, end);
  }
  const isFirst = quantity <= (tiers[0]![0] ?? Infinity);
  return { what, quantity, unit, price: isFirst ? tiers[0]![1] : undefined, usd };
}
