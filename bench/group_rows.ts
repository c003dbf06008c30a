/** Rows for consumer groups. */

import postgres from "postgres";
import { startPostgres } from "../tests/support/postgres.ts";
import { startServer } from "./programs/serve.ts";
import { STREAM } from "./support/archives.ts";
import { MeasuredProcess, type Usage } from "./support/child.ts";
import type { Case } from "./support/measure.ts";
import { treeIn } from "./support/tree.ts";
import type { Row } from "./support/workbench.ts";

const RECORDS = 100_000;
const SHARDS = 4;
const IDLE_SECONDS = 20;

/**
 * Records of one shard through `transact`, read from Kinesis and decoded, and the same inserts without a
 * group: by `openStream`, and with the records at hand. One transaction at a time in all.
 */
async function* effects(): AsyncGenerator<Case> {
  await using server = await startPostgres();
  await using kinesis = await startServer("replay_kinesis.ts", 1, RECORDS);
  const measure = async (tree: Pick<ReturnType<typeof treeIn>, "program">, way: string) => {
    const database = await server.createDatabase();
    const sql = postgres(database, { max: 1, onnotice: () => {} });
    await sql`create table sale (id text, event text, created_at text, amount float8)`;
    const command = tree.program("group_effects.ts", way, database, kinesis.url, RECORDS);
    const process = new MeasuredProcess(command);
    const begun = await process.until(/^begins$/);
    const seconds = await process.until(/^done$/) - begun;
    const usage: Usage = { ...await process.ended, seconds };
    const [found] = await sql`select count(*)::int as rows from sale`;
    if (found!.rows !== RECORDS) throw new Error(`${way} has inserted ${found!.rows} rows`);
    await sql.end();
    return usage;
  };
  yield {
    what: `${RECORDS} records through transact, 500 each, one connection`,
    amount: RECORDS,
    unit: "records",
    measure: (tree) => measure(tree, "transact"),
    others: {
      "the inserts by openStream, without a group": () => measure(treeIn(), "reader"),
      "the inserts alone, one connection": () => measure(treeIn(), "alone"),
    },
  };
}

/** A member of a group on an idle stream. */
async function* idle(): AsyncGenerator<Case> {
  await using server = await startPostgres();
  await using kinesis = await startServer("kinesalite.ts", STREAM, SHARDS, 0);
  yield {
    what: `a member of a group on ${SHARDS} idle shards`,
    amount: IDLE_SECONDS,
    unit: "seconds",
    measure: async (tree) => {
      const database = await server.createDatabase();
      const process = new MeasuredProcess(
        tree.program("group_effects.ts", "idle", database, kinesis.url, 0),
      );
      await process.until(/^assigned /, SHARDS);
      const before = process.cpuSeconds;
      await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1000));
      const [cpuSeconds, peakMb] = [process.cpuSeconds - before, process.residentMb];
      await process.stop();
      return { seconds: IDLE_SECONDS, cpuSeconds, peakMb };
    },
  };
}

export const GROUP_ROWS: readonly Row[] = [
  { name: "group", summary: "a group's effects in PostgreSQL: 100,000 records", cases: effects },
  {
    name: "group-idle",
    summary: "memory and CPU of a member of a group on an idle stream",
    long: true,
    cases: idle,
  },
];
