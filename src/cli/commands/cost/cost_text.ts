import { countOf, formatCount } from "../../text/format.ts";
import { fill } from "../../text/help_text.ts";
import { textOf } from "../../text/say.ts";
import { formatTable } from "../../text/table.ts";
import { type CostLine, type Estimate, type Load, MONTH_HOURS, sum } from "./estimate.ts";
import { PRICE_PAGES, type Prices } from "./prices.ts";

/** Formats an estimate for people. */
export function formatCost(
  load: Load,
  found: Estimate,
  { prices, columns }: { readonly prices: Prices; readonly columns: number | undefined },
): string {
  const { kinesis, s3, firehose, usd, firehoseUsd } = found;
  const rows = [
    ["USD a month", "quantity", "price", "cost"],
    ...block("Kinesis", kinesis),
    ...block("Archive", s3),
    total("Together", usd),
    ["", "", "", ""],
    ...block("Firehose instead of triton store", firehose),
    total("Together with Kinesis", firehoseUsd),
  ];
  const table = formatTable(rows, { right: [1, 2, 3], columns }).map((row) => row.trimEnd());
  const width = Math.min(columns ?? 100, 100);
  const notes = notesOf(load, found, prices).flatMap((note) => ["", ...fill(note, width)]);
  return textOf([...fill(summary(load, found), width), "", ...table, ...notes]);
}

function summary(
  { eventsPerSecond, bytes, streams }: Load,
  { events, gb, shards }: Estimate,
): string {
  const where = shards === null
    ? `${countOf(streams, "stream")} on demand`
    : `${countOf(streams, "stream")} with ${countOf(shards, "shard")}`;
  return `${formatNumber(eventsPerSecond)} events/s of ${formatCount(bytes)} bytes in ${where}: ` +
    `${formatNumber(events / 1e6)} million events, ${
      formatNumber(gb)
    } GB a month of ${MONTH_HOURS} hours`;
}

function block(title: string, lines: readonly CostLine[]): string[][] {
  return [
    total(title, sum(lines)),
    ...lines.map(({ what, quantity, unit, price, usd }) => [
      ...[`  ${what}`, `${formatNumber(quantity)} ${unit}`],
      ...[price === undefined ? "tiers" : String(price), formatUsd(usd)],
    ]),
  ];
}

function total(what: string, usd: number): string[] {
  return [what, "", "", formatUsd(usd)];
}

/** What the figures rest on. */
function notesOf(load: Load, { shards, shardsNeeded, files }: Estimate, prices: Prices): string[] {
  const { compression, months, streams } = load;
  const tooFew = shards !== null && shards < shardsNeeded
    ? [`The load needs ${countOf(shardsNeeded, "shard")}: with ${shards}, Kinesis refuses records.`]
    : [];
  return [
    ...tooFew,
    `Assumed: an even load; events compressed to ${compression} of their size (the events of Triton's ` +
    `benchmark take 0.37, those of its demo 0.25); ${formatNumber(files)} files a month of ` +
    `${countOf(streams, "stream")} and one worker; archives kept for ${
      countOf(months, "month")
    } in S3 ` +
    "Standard; the same compression with Firehose, and its longest buffers. Producers can also put into " +
    "Firehose without a stream: then its part alone counts. GetRecords requests are free.",
    "Not included: the machine and the database of triton store, network, reading archives, taxes, " +
    "free tiers and discounts.",
    `Prices in USD: ${prices.region}, ${prices.asOf}. Check them, and pass --prices if they changed: ` +
    `${PRICE_PAGES.join(", ")}`,
  ];
}

function formatUsd(usd: number): string {
  return usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** A quantity with up to three digits after the point, if it is small. */
function formatNumber(value: number): string {
  const digits = value < 10 ? 3 : value < 1000 ? 1 : 0;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}
