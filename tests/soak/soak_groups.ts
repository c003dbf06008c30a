/**
 * Whether consumer groups keep their promises for a long time: `deno task soak:groups --help`.
 *
 * @module
 */

import { Command, Option } from "commander";
import { type Torture, torture } from "../e2e/group/torture.ts";

interface Options {
  readonly minutes: number;
  readonly database: Torture;
  readonly seed: number;
}

await new Command("soak:groups")
  .description(
    "Runs three members of a consumer group on servers of its own, while they are killed, paused\n" +
      "and cut off, shards split and merge, and the database restarts. Exits with 1 unless each\n" +
      "record had its effect once (with a loop: at least once) and in order.",
  )
  .option("--minutes <n>", "how long", Number, 3)
  .addOption(
    new Option("--database <kind>", "where the group is; `loop` is a plain loop on PostgreSQL")
      .choices(["postgres", "pgbouncer", "sqlite", "loop"]).default("postgres"),
  )
  .option("--seed <n>", "decides what happens when", Number, Math.floor(Math.random() * 2 ** 31))
  .action(soak)
  .parseAsync(Deno.args, { from: "user" });

async function soak({ minutes, database, seed }: Options): Promise<void> {
  const say = (line: string) => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
  say(`${minutes} min on ${database}, --seed ${seed}`);
  try {
    const seconds = minutes * 60;
    const { events, effects, troubles } = await torture({ kind: database, seed, seconds, say });
    console.log(`${events} events had ${effects} effects`);
    for (const [name, count] of Object.entries(troubles)) console.log(`  ${count} x ${name}`);
  } catch (error) {
    console.error(error);
    Deno.exitCode = 1;
  }
}
