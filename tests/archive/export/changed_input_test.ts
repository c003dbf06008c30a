/** Archives that change while exports of them are killed: a table has the rows of one input only. */

import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import { EMPTY_ARCHIVE } from "../../../src/codec/mod.ts";
import { Killed, KillingTarget } from "./killing_target.ts";
import { NOW, outputsIn, placesIn, putArchive, rowsIn, runExport } from "./tables.ts";

const SCHEMA = parseColumns("v, at:timestamp(iso)");
const CUTTING = { pieceBytes: 6000, pendingBytes: 4000, groupBytes: 1000, outputBytes: 10 };

/** Puts the archive as of a version: so many events, of so many days. */
function putVersion(archives: MemoryObjectStore, v: string, count: number, days: number) {
  const at = (i: number) => new Date(NOW - i % days * 86_400_000).toISOString();
  const text = "x".repeat(90);
  return putArchive(archives, Array.from({ length: count }, (_, i) => ({ v, text, at: at(i) })));
}

/** The versions of which the table has all rows; fails if it has some. */
async function versionIn(target: MemoryObjectStore, counts: Record<string, number>) {
  const versions = (await rowsIn(target)).map(({ v }) => v as string);
  const [version] = versions;
  deepStrictEqual(versions, Array(counts[version!]).fill(version));
  equal(new Set(await placesIn(target)).size, versions.length);
  return version;
}

/** The same objects, as a process sees them that does something before each of its requests. */
function seenBy(target: MemoryObjectStore, before: () => Promise<void>): MemoryObjectStore {
  return new Proxy(target, {
    get(_, name) {
      const value = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      if (name !== "list") {
        return (...args: unknown[]) => before().then(() => value.apply(target, args));
      }
      return async function* (prefix: string) {
        await before();
        yield* target.list(prefix);
      };
    },
  });
}

for (const partitionBy of [undefined, "at:day"]) {
  const by = partitionBy ?? "the day of the archive";
  const options = { schema: SCHEMA, partitionBy, cutting: CUTTING };

  for (const [before, after] of [[100, 3], [3, 100], [100, 70], [3, 4]]) {
    const name = `${before} events of ${by} that became ${after}`;
    Deno.test(`an export with check of ${name}, killed at any step, is completed without it`, async () => {
      const seen = new Set<string>();
      const counts = { one: before!, two: after! };
      const stride = before! + after! > 20 ? 7 : 1;
      for (const isBefore of [true, false]) {
        for (let killAt = isBefore ? 1 : 4;; killAt += stride) {
          const [archives, target] = [new MemoryObjectStore(), new KillingTarget()];
          await putVersion(archives, "one", before!, 5);
          await runExport(archives, target.store, options);
          await putVersion(archives, "two", after!, 2);
          const check = () => runExport(archives, target.store, { ...options, check: true });
          const wasKilled = await target.run(check, killAt, isBefore);
          await runExport(archives, target.store, options);
          seen.add((await versionIn(target.store, counts))!);
          await check();
          equal(await versionIn(target.store, counts), "two");
          if (!wasKilled) break;
        }
      }
      deepStrictEqual([...seen].sort(), ["one", "two"]);
    });
  }

  Deno.test(`an archive of ${by} that changes after an export was killed has only its new rows`, async () => {
    for (let killAt = 1;; killAt += 3) {
      const [archives, target] = [new MemoryObjectStore(), new KillingTarget()];
      await putVersion(archives, "one", 200, 5);
      const run = () => runExport(archives, target.store, options);
      const wasKilled = await target.run(run, killAt);
      if (!wasKilled) break;
      // Of fewer days, and in fewer pieces.
      await putVersion(archives, "two", 4, 2);
      await run();
      const isDone = await versionIn(target.store, { one: 200, two: 4 }) === "one";
      if (isDone) await runExport(archives, target.store, { ...options, check: true });
      equal(await versionIn(target.store, { two: 4 }), "two", `killed at ${killAt}`);
    }
  });

  Deno.test(`an archive of ${by} that became empty after an export was killed has no rows`, async () => {
    for (let killAt = 5;; killAt += 5) {
      const [archives, target] = [new MemoryObjectStore(), new KillingTarget()];
      const key = await putVersion(archives, "one", 200, 5);
      const run = () => runExport(archives, target.store, options);
      if (!await target.run(run, killAt)) break;
      await archives.put(key, EMPTY_ARCHIVE);
      await run();
      deepStrictEqual(await rowsIn(target.store), [], `killed at ${killAt}`);
    }
  });

  Deno.test(`an export by ${by} notices that another one has exported a newer input`, async () => {
    const archives = new MemoryObjectStore();
    let puts = 0;
    const target: MemoryObjectStore = new MemoryObjectStore({
      async intercept({ operation, key }, proceed) {
        if (operation === "put" && key.startsWith("dt=") && ++puts === 2) {
          const changed = new MemoryObjectStore();
          await putVersion(changed, "two", 200, 5);
          await runExport(changed, target, options);
          await putVersion(archives, "two", 200, 5);
        }
        return await proceed();
      },
    });
    await putVersion(archives, "one", 190, 5);
    await rejects(runExport(archives, target, options), /another exporter exported it, too; run/);
    equal((await runExport(archives, target, options)).exported, 1);
    equal(await versionIn(target, { two: 200 }), "two");
    equal((await runExport(archives, target, options)).done, 1);
  });

  for (const [before, after] of [[80, 60], [3, 60], [60, 3]] as const) {
    const name = `${before} events of ${by}, killed after another one of ${after} newer ones`;
    Deno.test(`an export of ${name}, leaves rows of one input`, async () => {
      const counts = { one: before, two: after };
      const newer = new MemoryObjectStore();
      await putVersion(newer, "two", after, 2);
      let kills = 0;
      for (let at = 3, isReached = true; isReached; at++) {
        for (let more = 0, isKilled = true; isKilled; more++) {
          const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
          await putVersion(archives, "one", before, 5);
          let step = 0;
          isKilled = false;
          const mortal = seenBy(target, async () => {
            if (++step === at) await runExport(newer, target, options);
            isKilled = step > at + more;
            if (isKilled) throw new Killed();
          });
          await runExport(archives, mortal, options).catch((error) => {
            if (!isKilled && !/another exporter exported it, too/.test(error.message)) throw error;
          });
          isReached = step >= at;
          if (!isReached) break;
          if (isKilled) kills++;
          await runExport(newer, target, options);
          await versionIn(target, counts);
        }
      }
      ok(kills > 5, `${kills} kills`);
    });
  }

  Deno.test(`an export by ${by} ends if its archive changes while it is read`, async () => {
    let gets = 0;
    const archives: MemoryObjectStore = new MemoryObjectStore({
      async intercept({ operation }, proceed) {
        const response = await proceed();
        // The second one is for the SHA-256.
        if (operation === "get" && ++gets === 1) await putVersion(archives, "two", 200, 5);
        return response;
      },
    });
    await putVersion(archives, "one", 200, 5);
    const target = new MemoryObjectStore();
    await rejects(runExport(archives, target, options), /it changed meanwhile; run the export aga/);
    await runExport(archives, target, options);
    equal(await versionIn(target, { two: 200 }), "two");
    ok((await outputsIn(target)).length > 1);
  });
}
