/** Kills exporters at each of their requests: no row may be doubled or missing afterwards. */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import { Killed, KillingTarget } from "./killing_target.ts";
import { outputsIn, placesIn, putArchives, runExport } from "./tables.ts";

const SCHEMA = parseColumns("i:int64, n:int64, at:timestamp(iso)");

for (const partitionBy of [undefined, "at:day"]) {
  const by = partitionBy ?? "the day of the archive";

  Deno.test(`an export by ${by} that is killed at any step is completed by the next one`, async () => {
    const archives = new MemoryObjectStore();
    const keys = await putArchives(archives, 3);
    const expected = keys.flatMap((key) => [`${key} 0`, `${key} 1`]);
    const options = { schema: SCHEMA, partitionBy };
    let steps = 0;
    for (const isBefore of [true, false]) {
      for (let killAt = 1;; killAt++) {
        const target = new KillingTarget();
        const run = () => runExport(archives, target.store, options);
        const wasKilled = await target.run(run, killAt, isBefore);
        equal(await target.run(run), false);
        deepStrictEqual(await placesIn(target.store), expected, `killed at ${killAt}`);
        if (!wasKilled) break;
        steps++;
      }
    }
    ok(steps > 10, `${steps} steps`);
  });

  Deno.test(`two exports by ${by} on one target, one killed at any step, put each row once`, async () => {
    const archives = new MemoryObjectStore();
    const keys = await putArchives(archives, 3);
    const expected = keys.flatMap((key) => [`${key} 0`, `${key} 1`]);
    const [one, other] = ["i:int64, at:timestamp(iso)", "n:int64, at:timestamp(iso)"]
      .map((text) => ({ schema: parseColumns(text), partitionBy }));
    let steps = 0;
    for (let killAt = 1;; killAt++) {
      const store = new MemoryObjectStore();
      let step = 0;
      let wasKilled = false;
      // The same objects, as the process that is killed sees them.
      const mortal = new Proxy(store, {
        get(target, name) {
          const value = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          // deno-lint-ignore no-explicit-any -- any method
          return (...args: any[]) => {
            if (++step >= killAt) {
              wasKilled = true;
              throw new Killed();
            }
            return value.apply(target, args);
          };
        },
      });
      await Promise.all([
        runExport(archives, store, other!),
        runExport(archives, mortal, one!).catch((error) => {
          if (!(error instanceof Killed)) throw error;
        }),
      ]);
      deepStrictEqual(await placesIn(store), expected, `killed at ${killAt}`);
      const outputs = await outputsIn(store);
      await runExport(archives, store, one!);
      deepStrictEqual(await outputsIn(store), outputs, "nothing is left to do");
      if (!wasKilled) break;
      steps++;
    }
    ok(steps > 5, `${steps} steps`);
  });
}
