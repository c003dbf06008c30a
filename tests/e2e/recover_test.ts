/** A database that is lost, and the archive that says where to go on. */

import { deepStrictEqual, equal, match } from "node:assert/strict";
import { untilTrue } from "../support/within.ts";
import { type Pipeline, startPipeline } from "./pipeline.ts";

/** How many events each run puts. */
const SHARE = 300;

/** Puts the next events: numbered through, over all shards. */
async function put(pipeline: Pipeline, from: number): Promise<void> {
  const lines = Array.from(
    { length: SHARE },
    (_, i) => `{"id":"e${from + i}","n":${from + i}}\n`,
  );
  const { code, stderr } = await pipeline.run(["put", "--stream", "clicks"], lines.join(""));
  equal(code, 0, stderr);
}

/** Archives what is there, and stops. */
async function archive(pipeline: Pipeline, ...args: readonly string[]): Promise<void> {
  const store = pipeline.store(...args);
  const archived = () =>
    store.log.map((line) => Number(/Archived \S+: (\d+) events/.exec(line)?.[1] ?? 0))
      .reduce((a, b) => a + b, 0);
  await untilTrue(() => archived() >= SHARE, "all events to be archived");
  const { code, stderr } = await store.stop();
  equal(code, 0, stderr);
}

/** Removes the database and what SQLite keeps beside it. */
async function loseDatabase({ database }: Pipeline): Promise<void> {
  const path = database.slice("sqlite://".length);
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.remove(path + end).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

Deno.test("triton store refuses to archive twice with a lost database, and recovers", async () => {
  await using pipeline = await startPipeline({ shards: 2 });
  await put(pipeline, 0);
  await archive(pipeline);

  await loseDatabase(pipeline);
  await put(pipeline, SHARE);
  const refused = await pipeline.store().ended;
  equal(refused.code, 1);
  match(refused.stderr, /goes further than the database knows.*triton checkpoint recover/);
  const recovered = await pipeline.run(["checkpoint", "recover", "--stream", "clicks"]);
  equal(recovered.code, 0, recovered.stderr);
  match(recovered.stdout, /^2 positions moved$/m);
  await archive(pipeline);

  await loseDatabase(pipeline);
  await put(pipeline, 2 * SHARE);
  await archive(pipeline, "--recover");

  const { stdout } = await pipeline.cat();
  const numbers = stdout.trimEnd().split("\n").map((line) => JSON.parse(line).n as number);
  deepStrictEqual(
    numbers.sort((a, b) => a - b),
    Array.from({ length: 3 * SHARE }, (_, i) => i),
  );
  const verified = await pipeline.run(["verify", "--stream", "clicks", "--deep"]);
  equal(verified.code, 0, verified.stdout + verified.stderr);
  match(verified.stdout, /^The archive is whole\.$/m);
});
