/**
 * What a soak tells in the end.
 *
 * @module
 */

import { type Growth, growthOf } from "./growth.ts";
import type { SoakResult } from "./run_soak.ts";
import type { Sample } from "./samples.ts";

/** How much may be more in the last third of the time than in the first. */
export interface Limits {
  readonly memoryMb: number;
  readonly handles: number;
  /** What a process needs to find its size, in seconds: not counted. */
  readonly warmUp: number;
}

/** The report, and what is wrong. */
export interface Report {
  readonly text: string;
  readonly failures: readonly string[];
}

/** Sums a soak up, and says what is wrong. */
export function reportOf(result: SoakResult, limits: Limits): Report {
  const failures = result.failure === undefined ? [] : [result.failure];
  const veteran = result.samples.filter(({ pid }) => pid === result.veteran);
  const others = result.samples.filter(({ pid }) => pid !== result.veteran);
  const warm = veteran.filter(({ at }) => at >= limits.warmUp);
  const [memory, handles] = warm.length < 3 ? [] : [
    growthOf(warm.map(({ at, memoryMb: value }) => ({ at, value }))),
    growthOf(warm.map(({ at, handles: value }) => ({ at, value }))),
  ];
  if (memory === undefined || handles === undefined) {
    failures.push(`the process did not live for longer than its ${limits.warmUp} s of warming up`);
  } else {
    failures.push(...exceeded("memory", "MB", memory, limits.memoryMb));
    failures.push(...exceeded("handles", "", handles, limits.handles));
  }
  const rows = [
    ["", "from the beginning to the end", `${countPids(others)} that were stopped or killed`],
    ["memory, first third", mb(memory?.first), ""],
    ["memory, last third", mb(memory?.last), ""],
    ["memory, slope", memory === undefined ? "" : `${signed(memory.perHour)} MB/h`, ""],
    ["memory, most", ...most([veteran, others], (sample) => sample.memoryMb, mb)],
    ["handles, first third", String(handles?.first ?? ""), ""],
    ["handles, last third", String(handles?.last ?? ""), ""],
    ["handles, most", ...most([veteran, others], (sample) => sample.handles, String)],
    ["lag, most", ...most([veteran, others], (sample) => sample.lag, seconds)],
    ["unarchived, most", ...most([veteran, others], (sample) => sample.unarchived, seconds)],
    ["headroom, least", ...least([veteran, others], (sample) => sample.headroom)],
  ];
  return { text: [table(rows), "", ...summary(result)].join("\n"), failures };
}

function exceeded(what: string, unit: string, growth: Growth, limit: number): string[] {
  const more = growth.last - growth.first;
  if (more <= limit) return [];
  return [`${what} grew by ${more.toFixed(1)} ${unit}`.trim() + `; ${limit} are allowed`];
}

function summary({ records, files, troubles, failure }: SoakResult): string[] {
  const happened = [...troubles].map(([name, times]) => `${name} ${times}`).join(", ");
  return [
    `${records} records put, ${
      failure === undefined ? "each archived once, in order" : "see below"
    }`,
    `${files} files`,
    `troubles: ${happened === "" ? "none" : happened}`,
  ];
}

function countPids(samples: readonly Sample[]): number {
  return new Set(samples.map(({ pid }) => pid)).size;
}

function most(
  groups: readonly (readonly Sample[])[],
  of: (sample: Sample) => number | undefined,
  format: (value: number) => string,
): string[] {
  return groups.map((samples) => {
    const values = samples.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? "" : format(values.reduce((a, b) => Math.max(a, b)));
  });
}

function least(
  groups: readonly (readonly Sample[])[],
  of: (sample: Sample) => number | undefined,
): string[] {
  return groups.map((samples) => {
    const values = samples.map(of).filter((value) => value !== undefined);
    return values.length === 0 ? "" : seconds(values.reduce((a, b) => Math.min(a, b)));
  });
}

function mb(value: number | undefined): string {
  return value === undefined ? "" : `${value.toFixed(1)} MB`;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function signed(value: number): string {
  return `${value < 0 ? "" : "+"}${value.toFixed(1)}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd()
  ).join("\n");
}
