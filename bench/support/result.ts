/**
 * Results of measurements: formats and compares them.
 *
 * @module
 */

import type { Usage } from "./child.ts";

/** One line of the table. */
export interface Result extends Partial<Usage> {
  /** Name of the row, as in `--rows`. */
  readonly row: string;
  /** What was measured, with its amount. */
  readonly what: string;
  /** The speed. */
  readonly speed: number;
  /** The unit of the speed per second: `MB`, `records`, `archives`. */
  readonly unit: string;
  /** CPU time per item, in microseconds. */
  readonly cpuMicrosPer?: Readonly<Record<string, number>>;
  /** Ratios to alternatives, measured in the same run. */
  readonly versus?: Readonly<Record<string, number>>;
}

/** Results of one run, as written by `--json`. */
export interface Report {
  readonly machine: string;
  readonly date: string;
  readonly results: readonly Result[];
}

const COLUMNS = ["row", "what", "speed", "wall s", "CPU s", "peak MB", "compared"];

/** Formats results as a table. */
export function formatTable(results: readonly Result[]): string {
  return layOut([COLUMNS, ...results.map(cellsOf)]);
}

function cellsOf(result: Result): string[] {
  const { row, what, speed, unit, seconds, cpuSeconds, peakMb, cpuMicrosPer, versus } = result;
  const compared = [
    ...Object.entries(cpuMicrosPer ?? {}).map(([of, us]) => `${digits(us)} µs CPU per ${of}`),
    ...Object.entries(versus ?? {}).map(([other, ratio]) => `${digits(ratio)} × ${other}`),
  ];
  return [
    row,
    what,
    speed === 0 ? "" : `${digits(speed)} ${unit}/s`,
    ...[seconds, cpuSeconds].map((value) => value === undefined ? "" : value.toFixed(2)),
    peakMb === undefined ? "" : peakMb.toFixed(0),
    compared.join(", "),
  ];
}

/**
 * Compares reports line by line: later divided by earlier, the median over all pairs of reports with
 * the same index.
 */
export function formatComparison(earlier: readonly Report[], later: readonly Report[]): string {
  const rows = later[0]!.results.flatMap(({ row, what }) => {
    const find = (report: Report) =>
      report.results.find((result) => result.row === row && result.what === what);
    const pairs = later.flatMap((report, n) => {
      const [before, now] = [find(earlier[n]!), find(report)];
      return before === undefined || now === undefined ? [] : [{ before, now }];
    });
    if (pairs.length === 0) return [];
    const ratio = (of: "speed" | "seconds" | "cpuSeconds" | "peakMb") => {
      const ratios = pairs.flatMap(({ before, now }) =>
        before[of] && now[of] ? [now[of] / before[of]] : []
      );
      return ratios.length === 0 ? "" : median(ratios).toFixed(2);
    };
    const ratios = [ratio("speed"), ratio("seconds"), ratio("cpuSeconds"), ratio("peakMb")];
    return [[row, what, ...ratios, compareVersus(pairs)]];
  });
  return layOut([COLUMNS, ...rows]);
}

/** The medians of the ratios to alternatives, before and now. */
function compareVersus(
  pairs: readonly { readonly before: Result; readonly now: Result }[],
): string {
  return Object.keys(pairs[0]!.now.versus ?? {}).flatMap((other) => {
    const of = (results: readonly Result[]) =>
      results.flatMap(({ versus }) => versus?.[other] === undefined ? [] : [versus[other]]);
    const [before, now] = [of(pairs.map(({ before }) => before)), of(pairs.map(({ now }) => now))];
    if (before.length === 0 || now.length === 0) return [];
    return [`${digits(median(before))} -> ${digits(median(now))} × ${other}`];
  }).join(", ");
}

/** Formats a number with its significant digits. */
function digits(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toFixed(value >= 10 ? 1 : 2);
}

/** Pads columns to their widest cell; text is left-aligned, numbers right-aligned. */
function layOut(rows: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, n) => Math.max(...rows.map((row) => row[n]!.length)));
  const isNumber = (n: number) => n >= 2 && n <= 5;
  return rows.map((row) =>
    row.map((cell, n) => isNumber(n) ? cell.padStart(widths[n]!) : cell.padEnd(widths[n]!))
      .join("  ").trimEnd()
  ).join("\n");
}

/** Describes the machine. */
export function describeMachine(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const gigabytes = Math.round(Deno.systemMemoryInfo().total / 1e9);
  return `${model ?? Deno.build.arch}, ${navigator.hardwareConcurrency} cores, ${gigabytes} GB, ` +
    `Deno ${Deno.version.deno}, load ${Deno.loadavg()[0]!.toFixed(1)} at the start`;
}

/** The median. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** The run with the median wall time. */
export function medianRun(runs: readonly Usage[]): Usage {
  return runs.toSorted((a, b) => a.seconds - b.seconds)[runs.length >> 1]!;
}
