import type { RecentFile } from "../archiver/mod.ts";
import type { StoreStatus } from "./store_status.ts";

/** The streams of a store together. */
export interface Summary {
  /** The greatest lag of all streams, in milliseconds. */
  readonly lagMs: number | undefined;
  /** The greatest unarchived age of all streams, in milliseconds. */
  readonly unarchivedAgeMs: number | undefined;
  /** The least headroom of all streams, in milliseconds. */
  readonly headroomMs: number | undefined;
  /** What was counted, added up. */
  readonly totals: Readonly<Record<string, number>>;
  /** The file that was committed last. */
  readonly lastFile: RecentFile | undefined;
}

/** Sums up the streams of a store. */
export function summaryOf({ streams }: StoreStatus): Summary {
  const totals: Record<string, number> = {};
  for (const { totals: counted = {} } of streams) {
    for (const [name, value] of Object.entries(counted)) totals[name] = (totals[name] ?? 0) + value;
  }
  const files = streams.flatMap(({ recentFiles = [] }) => recentFiles.slice(0, 1));
  return {
    lagMs: extreme(Math.max, streams.map(({ lagMs }) => lagMs)),
    unarchivedAgeMs: extreme(Math.max, streams.map(({ unarchivedAgeMs }) => unarchivedAgeMs)),
    headroomMs: extreme(Math.min, streams.map(({ headroomMs }) => headroomMs)),
    totals,
    lastFile: files.sort((a, b) => b.at.getTime() - a.at.getTime())[0],
  };
}

function extreme(
  choose: (...values: readonly number[]) => number,
  values: readonly (number | undefined)[],
): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : choose(...known);
}
