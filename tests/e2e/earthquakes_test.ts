/** Real events, through the whole pipeline and back. */

import { deepStrictEqual, equal } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { VirtualClock } from "../../src/base/clock.ts";
import { startPostgres } from "../support/postgres.ts";
import type { TritonProcess } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";
import { type Pipeline, startPipeline } from "./pipeline.ts";

const EVENTS = await readFile(
  new URL("../../examples/data/earthquakes.ndjson", import.meta.url),
  "utf8",
);
const TOTAL = 1_707;
const STOPS = 5;

const PLACES = {
  S3: undefined,
  "a directory": (directory: string) => `file://${directory}/archive`,
};

/** Starts a database; where it has no URL, the pipeline has one of its own. */
const DATABASES = {
  SQLite: () => Promise.resolve({ url: undefined, [Symbol.asyncDispose]: () => Promise.resolve() }),
  PostgreSQL: startPostgres,
};

for (const [place, bucket] of Object.entries(PLACES)) {
  for (const [name, start] of Object.entries(DATABASES)) {
    Deno.test(`1,707 earthquakes come back equal from ${place}, with ${name}`, async () => {
      await using database = await start();
      await using pipeline = await startPipeline({ bucket, database: database.url });
      if (bucket !== undefined) await Deno.mkdir(`${pipeline.directory}/archive`);
      const put = await pipeline.run(["put", "--stream", "clicks"], EVENTS);
      equal(put.code, 0, put.stderr);
      const store = pipeline.store();
      await untilArchived([store]);
      equal((await store.stop()).code, 0);
      await assertBack(pipeline);
    });
  }
}

Deno.test("1,707 earthquakes come back equal after store is stopped and restarted", async () => {
  const seed = Number(Deno.env.get("TRITON_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const chance = new VirtualClock({ seed });
  await using pipeline = await startPipeline();
  const lines = EVENTS.trimEnd().split("\n");
  const share = Math.floor(TOTAL / (STOPS + 1));
  const cuts = Array.from({ length: STOPS }, (_, i) => {
    return share * i + 1 + Math.floor(chance.random() * share);
  });
  const parts = [0, ...cuts].map((from, i, all) =>
    lines.slice(from, all[i + 1]).map((line) => `${line}\n`).join("")
  );
  const stores: TritonProcess[] = [];
  try {
    for (const [i, part] of parts.entries()) {
      const store = pipeline.store("--verbose");
      stores.push(store);
      const put = pipeline.run(["put", "--stream", "clicks"], part);
      if (i < STOPS) await randomMoment(chance, store, put);
      else await untilArchived(stores);
      equal((await store.stop()).code, 0);
      equal((await put).code, 0);
    }
    await assertBack(pipeline);
  } catch (error) {
    console.error(`Failed with TRITON_TEST_SEED=${seed}`);
    for (const { log } of stores) console.error(`--- store\n${log.join("\n")}`);
    throw error;
  }
});

/** A moment in the life of a worker, while events are being put. */
async function randomMoment(
  chance: VirtualClock,
  store: TritonProcess,
  put: Promise<unknown>,
): Promise<void> {
  switch (Math.floor(chance.random() * 3)) {
    case 0:
      return await store.until(/Reading shardId/);
    case 1:
      return void await put;
    default:
      await put;
      return await store.until(/Archived \S+: \d+ events|Reading shardId/, 3);
  }
}

/** Waits until workers have archived all events between them. */
async function untilArchived(stores: readonly TritonProcess[]): Promise<void> {
  const archived = () => stores.flatMap(({ log }) => log.map(eventsOf)).reduce((a, b) => a + b, 0);
  await untilTrue(() => archived() >= TOTAL, "all earthquakes to be archived");
}

/** How many events a line of the log says to have archived. */
function eventsOf(line: string): number {
  return Number(/Archived \S+: (\d+) events/.exec(line)?.[1] ?? 0);
}

/** Asserts that `triton cat` prints what was put, each event once, and `triton verify` agrees. */
async function assertBack(pipeline: Pipeline): Promise<void> {
  const { code, stdout, stderr } = await pipeline.cat();
  equal(code, 0, stderr);
  deepStrictEqual(sorted(stdout), sorted(EVENTS));
  const verified = await pipeline.verify();
  equal(verified.code, 0, `${verified.stdout}\n${verified.stderr}`);
}

function sorted(lines: string): unknown[] {
  const events = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  return events.sort((a, b) => a.id < b.id ? -1 : 1);
}
