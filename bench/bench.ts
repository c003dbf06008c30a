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
}

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
  .addHelpText("after", `\nRows:\n${rowsHelp}`)
  .action(async (options: BenchOptions) => {
    if (options.compare === undefined) await measure(options);
    else await compare(options.compare);
  })
  .parseAsync(Deno.args, { from: "user" });

async function measure({ rows, all, json, executable }: BenchOptions): Promise<void> {
  const unknown = rows?.find((name) => ROWS.every((row) => row.name !== name));
  if (unknown !== undefined) throw new RangeError(`Cannot measure "${unknown}": no such row`);
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
  const reports = await Promise.all([earlier, later].map(async (file): Promise<Report> => {
    return JSON.parse(await Deno.readTextFile(file));
  }));
  console.log(
    "Later results divided by earlier ones: for speed, above 1 is better; for the rest, below 1.",
  );
  console.log(formatComparison(reports[0]!, reports[1]!));
}
