import { Command, InvalidArgumentError } from "commander";
import { readFile } from "node:fs/promises";
import { TritonError } from "../../../base/errors.ts";
import { type CliContext, writeReport } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { measured, parseCount, parseSize } from "../../options/options.ts";
import { UsageError } from "../../options/usage_error.ts";
import { jsonLine } from "../../text/say.ts";

interface CostOptions {
  readonly eventsPerSecond: number;
  readonly bytes: number;
  readonly shards?: number;
  readonly onDemand?: boolean;
  readonly region: string;
  readonly retention: number;
  readonly rotate: number;
  readonly maxSize: number;
  readonly streams: number;
  readonly consumers: number;
  readonly compression: number;
  readonly months: number;
  readonly prices?: string;
  readonly json?: boolean;
}

/** `triton cost`: estimates what a load costs on AWS. */
export function costCommand(context: CliContext): Command {
  return new Command("cost")
    .description(
      "Estimates what a load costs on AWS a month: the streams, the archive, and Firehose in place of " +
        "triton store for comparison. Not included: the machine and the database of triton store, " +
        "network, taxes and discounts. Nothing is looked up: the prices are those of --region as they " +
        "were known to this version, or those of --prices.",
    )
    .requiredOption("--events-per-second <n>", "events of all streams together", parseRate)
    .requiredOption("--bytes <size>", "size of an event, such as 500 or 2KiB", parseSize)
    .option("--shards <n>", "shards of all streams (default: as few as the load needs)", parseCount)
    .option("--on-demand", "streams on demand, without shards")
    .option("--region <region>", "AWS region", "us-east-1")
    .option("--retention <time>", "how long streams keep records: 24h to 365d", parseRetention, 24)
    .addOption(measured("--rotate <duration>", "as of triton store", "1h"))
    .addOption(measured("--max-size <size>", "as of triton store", "32MiB"))
    .option("--streams <n>", "streams that share the events evenly", parseCount, 1)
    .option(
      "--consumers <n>",
      "programs that read the streams besides triton store",
      parseNumber,
      0,
    )
    .option("--compression <ratio>", "compressed size of events by their size", parseRatio, 0.37)
    .option("--months <n>", "how many months of archives are kept", parseCount, 1)
    .option("--prices <file>", "JSON file with other prices, as --json prints them")
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      examples({
        "1,000 events a second of 500 bytes": "triton cost --events-per-second 1000 --bytes 500",
        "the same as JSON": "triton cost --events-per-second 1000 --bytes 500 --json",
      }),
    )
    .action((options: CostOptions) => cost(options, context));
}

async function cost(options: CostOptions, context: CliContext): Promise<void> {
  const { shards, onDemand, streams } = options;
  if (shards !== undefined && onDemand === true) {
    throw new UsageError(
      "Cannot use --shards with --on-demand: a stream has shards or is on demand",
    );
  }
  if (shards !== undefined && shards < streams) {
    throw new UsageError(`Cannot use --shards ${shards}: each of ${streams} streams has a shard`);
  }
  const { pricesOf } = await import("./prices.ts");
  const { estimate } = await import("./estimate.ts");
  const file = options.prices === undefined ? undefined : await readPrices(options.prices);
  const prices = pricesOf(options.region, file);
  const { eventsPerSecond, bytes, retention: retentionHours, rotate: rotateMs } = options;
  const { consumers, maxSize, compression, months } = options;
  const load = {
    ...{ eventsPerSecond, bytes, streams, shards: onDemand === true ? null : shards },
    ...{ retentionHours, consumers, rotateMs, maxSize, compression, months },
  };
  const found = estimate(load, prices);
  if (options.json === true) {
    return await writeReport(context, jsonLine({ load, ...found, prices }));
  }
  const { formatCost } = await import("./cost_text.ts");
  await writeReport(context, formatCost(load, found, { prices, columns: context.stdout.columns }));
}

async function readPrices(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const why = (cause as { code?: unknown }).code === "ENOENT"
      ? "there is no such file"
      : (cause as Error).message;
    throw new TritonError(`Cannot read the prices of ${path}: ${why}`, { cause });
  }
}

function parseRate(text: string): number {
  const rate = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && rate > 0 && rate <= 1e9) return rate;
  throw new InvalidArgumentError("Use a number of events, such as 1000 or 0.5.");
}

function parseRatio(text: string): number {
  const ratio = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && ratio > 0 && ratio <= 1) return ratio;
  throw new InvalidArgumentError("Use a number over 0, up to 1: 0.25 means a quarter of the size.");
}

function parseNumber(text: string): number {
  return text === "0" ? 0 : parseCount(text);
}

/** Parses how long a stream keeps records, as hours or with a unit; the result is in hours. */
function parseRetention(text: string): number {
  const match = /^(\d+)([hd]?)$/.exec(text);
  const hours = match === null ? 0 : Number(match[1]) * (match[2] === "d" ? 24 : 1);
  if (hours >= 24 && hours <= 8_760) return hours;
  throw new InvalidArgumentError("Use a time from 24h to 365d, such as 7d, or a number of hours.");
}
