/**
 * Measures the speed, CPU time and memory of Triton: `deno task bench --help`.
 *
 * @module
 */

import { Command } from "commander";
import { ARCHIVE_ROWS } from "./archive_rows.ts";
import { CAT_ROWS } from "./cat_rows.ts";
import { CODEC_ROWS } from "./codec_rows.ts";
import { STORE_ROWS } from "./store_rows.ts";
import { measurePairs } from "./support/baseline.ts";
import {
  describeMachine,
  formatComparison,
  formatTable,
  type Report,
  type Result,
} from "./support/result.ts";
import { type Row, Workbench } from "./support/workbench.ts";

const ROWS: readonly Row[] = [...CODEC_ROWS, ...CAT_ROWS, ...STORE_ROWS, ...ARCHIVE_ROWS];

interface BenchOptions {
  readonly rows?: readonly string[];
  readonly all?: boolean;
  readonly json?: string;
  readonly compare?: readonly string[];
  readonly executable?: string;
  readonly baseline?: string;
  readonly pairs: number;
}

const RATIOS =
  "Later results divided by earlier ones: for speed, above 1 is better; for the rest, below 1.";

const rowsHelp = ROWS.map(({ name, summary, long }) => {
  return `  ${name.padEnd(12)}${summary}${long === true ? " (minutes)" : ""}`;
}).join("\n");

await new Command("bench")
  .description("Measures Triton with generated data and servers on this machine. Linux only.")
  .option("--rows <names>", "only these rows (comma-separated)", (names) => names.split(","))
  .option("--all", "include the rows that take minutes")
  .option("--executable <path>", "measure this compiled triton instead of the source")
  .option("--json <file>", "also write the results to a file")
  .option(
    "--compare <file...>",
    "do not measure; divide the results in the second file by those in the first",
  )
  .option("--baseline <commit>", "measure in turns with another commit, and print the ratios")
  .option("--pairs <count>", "how many turns with --baseline", Number, 5)
  .addHelpText("after", `\nRows:\n${rowsHelp}`)
  .action(async (options: BenchOptions) => {
    if (options.compare !== undefined) await compare(options.compare);
    else if (options.baseline !== undefined) await measureAgainst(options.baseline, options);
    else await measure(options);
  })
  .parseAsync(Deno.args, { from: "user" });

async function measure({ rows, all, json, executable }: BenchOptions): Promise<void> {
  checkRows(rows);
  const machine = describeMachine();
  const date = new Date().toISOString();
  console.error(machine);
  const results: Result[] = [];
  for (const row of ROWS) {
    if (rows === undefined ? row.long === true && all !== true : !rows.includes(row.name)) continue;
    console.error(`${row.name}: ${row.summary} ...`);
    await runRow(row, { executable }, results);
  }
  console.log(`\n${formatTable(results)}`);
  const report: Report = { machine, date, results };
  if (json !== undefined) await Deno.writeTextFile(json, `${JSON.stringify(report, null, 2)}\n`);
}

function checkRows(rows: BenchOptions["rows"]): void {
  const unknown = rows?.find((name) => ROWS.every((row) => row.name !== name));
  if (unknown !== undefined) throw new RangeError(`Cannot measure "${unknown}": no such row`);
}

async function measureAgainst(
  revision: string,
  { rows, all, pairs }: BenchOptions,
): Promise<void> {
  checkRows(rows);
  if (!(pairs >= 1)) throw new RangeError("Cannot measure: --pairs takes a number from 1");
  const args = [
    ...(rows === undefined ? [] : ["--rows", rows.join(",")]),
    ...(all ? ["--all"] : []),
  ];
  const { baseline, current } = await measurePairs(revision, { args, pairs });
  console.log(`\n${current[0]!.machine}`);
  console.log(`Medians of ${pairs} pairs. ${RATIOS}`);
  console.log(formatComparison(baseline, current));
}

/** Runs one row; if it fails, the others still run, and the exit code is 1. */
async function runRow(
  row: Row,
  options: { readonly executable: string | undefined },
  results: Result[],
): Promise<void> {
  // Each row has its own data: what one leaves in memory must not slow down the next.
  await using bench = new Workbench(options);
  try {
    const before = results.length;
    for await (const result of await row.run(bench)) results.push(result);
    console.error(formatTable(results.slice(before)));
  } catch (error) {
    console.error(`${row.name} failed:`, error);
    Deno.exitCode = 1;
  }
}

async function compare(files: readonly string[]): Promise<void> {
  const [earlier, later] = files;
  if (earlier === undefined || later === undefined) {
    throw new RangeError("Cannot compare: pass two files written with --json");
  }
  const [before, now] = await Promise.all([earlier, later].map(async (file): Promise<Report> => {
    return JSON.parse(await Deno.readTextFile(file));
  }));
  console.log(RATIOS);
  console.log(formatComparison([before!], [now!]));
}
