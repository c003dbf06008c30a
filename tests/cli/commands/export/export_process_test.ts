/** Kills real processes that export to one directory. */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { DirectoryObjectStore } from "../../../../src/objects/mod.ts";
import { outputsIn, placesIn, putArchive } from "../../../archive/export/tables.ts";
import { TritonProcess } from "../../../support/triton_process.ts";

const ARCHIVES = 10;
const EVENTS = 2000;
const START = Date.parse("2015-07-10T23:55:00Z") / 1000;

Deno.test("two processes that export to one directory, killed again and again, put each row once", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const archives = new DirectoryObjectStore(join(directory, "archives"));
    const expected: string[] = [];
    for (let i = 0; i < ARCHIVES; i++) {
      const events = Array.from({ length: EVENTS }, (_, n) => ({ i, n, text: `${n}`.repeat(20) }));
      const key = await putArchive(archives, events, START + i * 60);
      expected.push(...events.map((_, n) => `${key} ${n}`));
    }
    const config = join(directory, "triton.yaml");
    await Deno.writeTextFile(config, "clicks:\n  name: clicks\n  partition_key: id\n");
    const path = join(directory, "table");
    await Deno.mkdir(path);
    const table = new DirectoryObjectStore(path);
    const start = () =>
      new TritonProcess([
        ...["export", "--stream", "clicks", "--config", config],
        ...["--bucket", archives.url, "--to", table.url],
      ]);
    let kills = 0;
    // Each is killed at a later change of the directory, so that it dies at any step of a put.
    for (let changes = 3; changes < 60; changes += 9) {
      await using other = start();
      await using mortal = start();
      await untilChanged(path, changes, mortal);
      await mortal.stop("SIGKILL");
      kills++;
      if (kills % 2 === 0) equal((await other.ended).code, 0);
    }
    await using last = start();
    const { code, stderr } = await last.ended;
    equal(code, 0, stderr);
    equal((await outputsIn(table)).length, ARCHIVES);
    const places = await placesIn(table);
    const inOrder = expected.toSorted();
    deepStrictEqual(places.length, inOrder.length);
    ok(places.toSorted().every((place, i) => place === inOrder[i]));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

/** Waits for a number of changes below a directory, or for the end of a process. */
async function untilChanged(path: string, count: number, process: TritonProcess): Promise<void> {
  using watcher = Deno.watchFs(path);
  process.ended.then(() => watcher.close()).catch(() => {});
  let changes = 0;
  for await (const _ of watcher) if (++changes >= count) return;
}
