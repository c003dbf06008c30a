/**
 * Results of measurements as a table.
 *
 * @module
 */

import type { Usage } from "./child.ts";
import type { Case, Measured } from "./measure.ts";

/** One line of the table, with all its measurements. */
export interface Result extends Measured, Pick<Case, "what" | "amount" | "unit"> {
  /** Name of the row, as in `--rows`. */
  readonly row: string;
}

/** Results of one run, as written by `--json`. */
export interface Report {
  readonly machine: string;
  readonly date: string;
  readonly results: readonly Result[];
}

/** Ratios of measurements that were made in turn. */
export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

interface Column {
  readonly head: string;
  readonly cell: (result: Result) => string;
  readonly isText?: boolean;
}

/** Formats results as a table; with the ratios to the baseline if it was measured. */
export function formatTable(results: readonly Result[]): string {
  const metric = (head: string, of: keyof Usage, format: (value: number, it: Result) => string) => {
    const absolute = (result: Result) => {
      const value = medianOf(result.current, of);
      return value === undefined ? "" : format(value, result);
    };
    const ratio = (result: Result) => formatRatio(ratioToBaseline(result, of));
    const withRatio = results.some(({ baseline }) => baseline !== undefined);
    return [{ head, cell: absolute }, ...withRatio ? [{ head: "x base", cell: ratio }] : []];
  };
  return layOut([
    { head: "row", cell: ({ row }) => row, isText: true },
    { head: "what", cell: ({ what }) => what, isText: true },
    { head: "speed", cell: formatSpeed },
    ...metric("elapsed", "seconds", formatSeconds),
    ...metric("CPU", "cpuSeconds", formatCpu),
    ...metric("peak", "peakMb", (value) => `${value.toFixed(0)} MB`),
    { head: "compared", cell: formatCompared, isText: true },
  ], results);
}

/** This checkout divided by the baseline, pair by pair; undefined if either was not measured. */
export function ratioToBaseline(
  { current, baseline }: Measured,
  of: keyof Usage,
): Ratio | undefined {
  return Array.isArray(baseline) ? ratioOf(current, baseline, of) : undefined;
}

function ratioOf(
  these: readonly Usage[],
  those: readonly Usage[],
  of: keyof Usage,
): Ratio | undefined {
  const ratios = these.flatMap((usage, n) => {
    const [a, b] = [usage[of], those[n]?.[of]];
    return a !== undefined && b ? [a / b] : [];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

/** The median; of an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

function medianOf(usages: readonly Usage[], of: keyof Usage): number | undefined {
  const values = usages.map((usage) => usage[of]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}

function formatRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return "";
  const [middle, ...ends] = [ratio.median, ratio.min, ratio.max].map((value) => value.toFixed(2));
  return `${middle} (${ends.join("-")})`;
}

function formatSpeed({ current, amount, unit }: Result): string {
  return `${digits(amount / medianOf(current, "seconds")!)} ${unit}/s`;
}

function formatCpu(seconds: number, { amount, unit }: Result): string {
  return unit === "MB" ? formatSeconds(seconds) : `${formatSeconds(seconds / amount)} each`;
}

function formatSeconds(seconds: number): string {
  if (seconds >= 1) return `${digits(seconds)} s`;
  return seconds >= 1e-3 ? `${digits(seconds * 1e3)} ms` : `${digits(seconds * 1e6)} µs`;
}

/** The elapsed time divided by that of each other program; or why there is no baseline. */
function formatCompared({ current, baseline, others }: Result): string {
  const isMeasured = Array.isArray(baseline);
  const ratios = Object.entries(others).map(([name, other]) => {
    const now = ratioOf(current, other, "seconds")!.median;
    const time = formatSeconds(medianOf(other, "seconds")!);
    const before = isMeasured ? ratioOf(baseline, other, "seconds") : undefined;
    const was = before === undefined ? "" : `, was ${digits(before.median)}`;
    return `${digits(now)} x ${name} (${time})${was}`;
  });
  return [...ratios, ...typeof baseline === "string" ? [`baseline cannot: ${baseline}`] : []]
    .join("; ");
}

/** Formats a number with its significant digits. */
function digits(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString("en-US")
    : value.toFixed(value >= 10 ? 1 : 2);
}

/** Pads columns to their widest cell; text is left-aligned, numbers right-aligned. */
function layOut(columns: readonly Column[], results: readonly Result[]): string {
  const cells = columns.map(({ head, cell, isText }) => {
    const column = [head, ...results.map(cell)];
    const width = Math.max(...column.map(({ length }) => length));
    return column.map((text) => isText ? text.padEnd(width) : text.padStart(width));
  });
  return cells[0]!.map((_, n) => cells.map((column) => column[n]).join("  ").trimEnd()).join("\n");
}

/** Describes the machine. */
export function describeMachine(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1];
  const gigabytes = Math.round(Deno.systemMemoryInfo().total / 1e9);
  return `${model ?? Deno.build.arch}, ${navigator.hardwareConcurrency} cores, ${gigabytes} GB, ` +
    `Deno ${Deno.version.deno}, load ${Deno.loadavg()[0]!.toFixed(1)} at the start`;
}
