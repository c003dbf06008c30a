import { printable } from "../../../base/safe_text.ts";
import { countOf, formatSpan } from "../../text/format.ts";
import type { Colors } from "../../text/table.ts";
import { ageOf } from "./stats_rows.ts";
import { greatestLag, lagText, type Stats, toTable } from "./stats_text.ts";

/** A table for each stream, below a line that sums it up, in the order of the streams' names. */
export function toTables(
  stats: Stats,
  streams: readonly string[],
  colors: Colors,
  columns?: number,
): string[] {
  return streams.flatMap((stream, index) => {
    const part = partOf(stats, stream);
    const before = index === 0 ? [] : [""];
    const table = toTable(part, colors, { hasStream: false, columns });
    return [...before, headingOf(part, stream, colors), ...table];
  });
}

/** What is known of one stream. */
function partOf(stats: Stats, stream: string): Stats {
  const isOurs = (row: { readonly stream: string }) => row.stream === stream;
  const { rows, gaps, members } = stats;
  return {
    ...stats,
    rows: rows.filter(isOurs),
    gaps: gaps.filter(isOurs),
    members: members.filter(isOurs),
  };
}

/** The name of a stream, the number of its shards, and the worst of what is known of them. */
function headingOf({ rows, lags, now }: Stats, stream: string, colors: Colors): string {
  const ages = rows.flatMap(({ updatedAt }) => ageOf(updatedAt, now) ?? []);
  const lag = lagText(greatestLag(rows.flatMap((row) => lags?.get(row) ?? [])));
  const gaps = rows.reduce((sum, row) => sum + row.gaps, 0);
  const shards = new Set(rows.map(({ shardId }) => shardId)).size;
  const parts = [
    countOf(shards, "shard"),
    ...ages.length > 0 ? [`age ${formatSpan(Math.max(...ages))}`] : [],
    ...lag === "" ? [] : [`lag ${lag}`],
    ...gaps > 0 ? [colors.red(countOf(gaps, "gap"))] : [],
  ];
  return `${colors.bold(printable(stream))}: ${parts.join(", ")}`;
}
