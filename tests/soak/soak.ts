/**
 * Whether `triton store` can run for years: `deno task soak --help`.
 *
 * @module
 */

import { Command, Option } from "commander";
import { reportOf } from "./report.ts";
import { runSoak, type SoakOptions } from "./run_soak.ts";

interface Options extends Omit<SoakOptions, "say" | "onSample"> {
  readonly memoryLimit: number;
  readonly handleLimit: number;
  readonly warmUp: number;
  readonly samples?: string;
  readonly log?: string;
}

await new Command("soak")
  .description(
    "Runs `triton store` under load for some time, on servers of its own, while services fail,\n" +
      "workers are killed and shards split and merge. Exits with 1 if memory or handles have\n" +
      "grown, or a record is not archived exactly once. Linux only.",
  )
  .option("--minutes <n>", "how long", Number, 30)
  .addOption(new Option("--database <kind>").choices(["postgres", "sqlite"]).default("postgres"))
  .option("--workers <n>", "processes; the first is never stopped", Number, 2)
  .option("--rate <n>", "most records put per second", Number, 200)
  .option("--rotate <duration>", "when files are closed", "5s")
  .option("--outage <seconds>", "the longest outage", Number, 30)
  .option("--pause <seconds>", "time between two troubles; 0 for none at all", Number, 10)
  .option("--seed <n>", "decides what happens when", Number, Math.floor(Math.random() * 2 ** 31))
  .option("--memory-limit <mb>", "most that memory may grow, first to last third", Number, 10)
  .option("--handle-limit <n>", "the same of open files and sockets", Number, 3)
  .option("--warm-up <seconds>", "not counted at the beginning", Number, 120)
  .option("--samples <file>", "write the samples there, as JSON lines")
  .option("--log <file>", "write there what the workers said")
  .action(soak)
  .parseAsync(Deno.args, { from: "user" });

async function soak(options: Options): Promise<void> {
  using samples = options.samples === undefined
    ? undefined
    : await Deno.open(options.samples, { write: true, create: true, truncate: true });
  const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
  say(`${options.minutes} min on ${options.database}, --seed ${options.seed}`);
  const result = await runSoak({
    ...options,
    say,
    onSample: (sample) =>
      samples?.writeSync(new TextEncoder().encode(`${JSON.stringify(sample)}\n`)),
  });
  if (options.log !== undefined) await Deno.writeTextFile(options.log, result.history);
  const { memoryLimit: memoryMb, handleLimit: handles, warmUp } = options;
  const { text, failures } = reportOf(result, { memoryMb, handles, warmUp });
  console.log(text);
  for (const failure of failures) console.error(`failed: ${failure}`);
  Deno.exit(failures.length === 0 ? 0 : 1);
}
