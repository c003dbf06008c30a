/**
 * Measures the speed, CPU time and memory of Triton: `deno task bench --help`.
 *
 * @module
 */

import { Command, InvalidArgumentError, Option } from "commander";
import { ARCHIVE_ROWS } from "./archive_rows.ts";
import { CAT_ROWS } from "./cat_rows.ts";
import { CODEC_ROWS } from "./codec_rows.ts";
import { ENGINE_ROWS } from "./engine_rows.ts";
import { EXPORT_ROWS } from "./export_rows.ts";
import { GROUP_ROWS } from "./group_rows.ts";
import { START_ROWS } from "./start_rows.ts";
import { STORE_ROWS } from "./store_rows.ts";
import { STREAMS_ROWS } from "./streams_rows.ts";
import { measureInTurns, type Turns } from "./support/measure.ts";
import { describeMachine, formatTable, type Report, type Result } from "./support/result.ts";
import { checkOut, treeIn } from "./support/tree.ts";
import { type Row, Workbench } from "./support/workbench.ts";

const ROWS: readonly Row[] = [
  ...CODEC_ROWS,
  ...START_ROWS,
  ...CAT_ROWS,
  ...EXPORT_ROWS,
  ...ENGINE_ROWS,
  ...STORE_ROWS,
  ...ARCHIVE_ROWS,
  ...GROUP_ROWS,
  ...STREAMS_ROWS,
];

interface BenchOptions {
  readonly rows?: readonly string[];
  readonly all?: boolean;
  readonly json?: string;
  readonly executable?: string;
  readonly empty?: string;
  readonly baseline?: string;
  readonly runs?: number;
}

const RATIOS =
  `"x base" is this checkout divided by the baseline, measured in turn: the median, and ` +
  `the least and the greatest. Below 1 is better.`;

const rowsHelp = ROWS.map(({ name, summary, long }) => {
  return `  ${name.padEnd(12)}${summary}${long === true ? " (minutes)" : ""}`;
}).join("\n");

await new Command("bench")
  .description("Measures Triton with generated data and servers on this machine. Linux only.")
  .option("--rows <names>", "only these rows (comma-separated)", (names) => names.split(","))
  .option("--all", "include the rows that take minutes")
  .option("--baseline <commit>", "measure in turns with another commit, and print the ratios")
  .addOption(
    new Option("--executable <path>", "measure this compiled triton instead of the source")
      .conflicts("baseline"),
  )
  .option("--empty <path>", "an executable of an empty script, to compare the start with")
  .option("--runs <count>", "how many turns (default: 5; 2 for rows that take minutes)", parseRuns)
  .option("--json <file>", "also write all measurements to a file")
  .addHelpText("after", `\nRows:\n${rowsHelp}`)
  .action(bench)
  .parseAsync(Deno.args, { from: "user" });

async function bench(options: BenchOptions): Promise<void> {
  const rows = chooseRows(options);
  const machine = describeMachine();
  const date = new Date().toISOString();
  console.error(machine);
  const current = treeIn(undefined, options.executable);
  const folder = await Deno.makeTempDir({ prefix: "triton-baseline-" });
  const results: Result[] = [];
  {
    await using baseline = options.baseline === undefined
      ? undefined
      : await checkOut(options.baseline, `${folder}/tree`);
    for (const row of rows) {
      console.error(`${row.name}: ${row.summary} ...`);
      await runRow(row, options, { current, baseline }, results);
    }
  }
  await Deno.remove(folder, { recursive: true });
  console.log(`\n${machine}`);
  if (options.baseline !== undefined) console.log(RATIOS);
  console.log(formatTable(results));
  const report: Report = { machine, date, results };
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
  }
}

function chooseRows({ rows, all }: BenchOptions): readonly Row[] {
  const unknown = rows?.find((name) => ROWS.every((row) => row.name !== name));
  if (unknown !== undefined) throw new RangeError(`Cannot measure "${unknown}": no such row`);
  return ROWS.filter(({ name, long }) => {
    return rows === undefined ? long !== true || all === true : rows.includes(name);
  });
}

/** Runs one row; if it fails, the others still run, and the exit code is 1. */
async function runRow(
  row: Row,
  { runs, empty }: BenchOptions,
  trees: Pick<Turns, "current" | "baseline">,
  results: Result[],
): Promise<void> {
  const turns = { ...trees, runs: runs ?? (row.long ? 2 : 5), warmUp: row.long !== true };
  // Each row has its own data: what one leaves in memory must not slow down the next.
  await using bench = new Workbench({ empty });
  try {
    const before = results.length;
    for await (const { measure, others, ...about } of row.cases(bench)) {
      const measured = await measureInTurns({ measure, others }, turns);
      results.push({ row: row.name, ...about, ...measured });
    }
    console.error(formatTable(results.slice(before)));
  } catch (error) {
    console.error(`${row.name} failed:`, error);
    Deno.exitCode = 1;
  }
}

function parseRuns(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It takes a number from 1.");
  return Number(text);
}
