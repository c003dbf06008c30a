import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { SchemaInference } from "../../../src/archive/tables/infer_schema.ts";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import type { Clock } from "../../../src/base/clock.ts";
import { EMPTY_ARCHIVE, formatArchiveKey } from "../../../src/codec/mod.ts";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import { archiveOf } from "../archives.ts";
import {
  bytesOf,
  FIRST,
  NOW,
  outputsIn,
  placesIn,
  putArchive,
  putArchives,
  rowsIn,
  runExport,
} from "./tables.ts";

/** A clock whose second sleep ends an export. */
function followingClock(stop: AbortController, now = () => NOW): Clock {
  let sleeps = 0;
  return {
    now,
    random: () => 0.5,
    sleep() {
      if (++sleeps === 2) stop.abort();
      return Promise.resolve();
    },
  };
}

Deno.test("exportTable() keeps the rows of a stream whose name looks like that of a piece", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const stream = "a.part1.b";
  const run = async (createdAt: number) => {
    const key = formatArchiveKey({ stream, client: "store", createdAt });
    await archives.put(key, archiveOf([{ i: 1 }], new Date(createdAt * 1000)));
    await runExport(archives, target, { stream });
    return `${key} 0`;
  };
  const [first, second] = [await run(FIRST), await run(FIRST + 1)];
  deepStrictEqual(await placesIn(target), [first, second]);
});

Deno.test("exportTable() with check empties the table of an archive that became empty", async () => {
  for (const partitionBy of [undefined, "at:day"]) {
    const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
    const key = await putArchive(archives, [{ at: "2015-07-01T00:00:00.000Z" }, { at: "never" }]);
    const options = { schema: parseColumns("at:timestamp(iso)"), partitionBy };
    await runExport(archives, target, options);
    await archives.put(key, EMPTY_ARCHIVE);
    equal((await runExport(archives, target, { ...options, check: true })).changed, 1);
    deepStrictEqual(await placesIn(target), []);
    const again = await runExport(archives, target, { ...options, check: true });
    deepStrictEqual([again.exported, again.changed], [0, 0]);
  }
});

Deno.test("exportTable() with follow exports what appears while the first look takes days", async () => {
  const target = new MemoryObjectStore();
  let [late, now] = ["", NOW];
  const archives: MemoryObjectStore = new MemoryObjectStore({
    async intercept({ operation }, proceed) {
      if (operation === "get" && late === "") {
        // The days are already listed.
        late = "soon";
        late = await putArchive(archives, [{ i: 2 }], NOW / 1000 + 86_400);
        now += 3 * 86_400_000;
      }
      return await proceed();
    },
  });
  await putArchives(archives, 1);
  const stop = new AbortController();
  const clock = followingClock(stop, () => now);
  await runExport(archives, target, { follow: true, clock, signal: stop.signal });
  ok((await placesIn(target)).includes(`${late} 0`));
});

Deno.test("exportTable() with follow takes the columns that another exporter has added", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchive(archives, [{ i: 1, late: 1 }], NOW / 1000);
  const stop = new AbortController();
  const clock: Clock = {
    ...followingClock(stop),
    async sleep() {
      if ((await outputsIn(target)).length > 1) return stop.abort();
      await runExport(archives, target, { schema: parseColumns("late:int64") });
      await putArchive(archives, [{ i: 2, late: 2 }], NOW / 1000 + 1);
    },
  };
  const options = { schema: parseColumns("i:int64"), follow: true, clock, signal: stop.signal };
  await runExport(archives, target, options);
  const rows = (await rowsIn(target)).map(({ i, late, _rest }) => [i, late, _rest]);
  deepStrictEqual(rows, [[1n, undefined, '{"late":1}'], [2n, 2n, null]]);
});

Deno.test("exportTable() with follow exports the archives of its part, and no others", async () => {
  const archives = new MemoryObjectStore();
  const targets = [1, 2, 3].map(() => new MemoryObjectStore());
  for (let i = 0; i < 8; i++) await putArchive(archives, [{ i }], NOW / 1000 + i);
  for (const [n, target] of targets.entries()) {
    const stop = new AbortController();
    let sleeps = 0;
    const clock: Clock = {
      ...followingClock(stop),
      async sleep() {
        if (++sleeps === 2) return stop.abort();
        for (let i = 8; i < 20; i++) await putArchive(archives, [{ i }], NOW / 1000 + i);
      },
    };
    const part = { number: n + 1, of: 3 };
    await runExport(archives, target, { part, follow: true, clock, signal: stop.signal });
  }
  const places = await Promise.all(targets.map(placesIn));
  ok(places.every(({ length }) => length > 2), places.map(({ length }) => length).join());
  const all = places.flat();
  equal(all.length, 20);
  equal(new Set(all).size, 20);
});

Deno.test("exportTable() with follow keeps to the days that it is given", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchive(archives, [{ i: 1 }], NOW / 1000 - 86_400);
  const today = await putArchive(archives, [{ i: 2 }], NOW / 1000);
  const stop = new AbortController();
  const clock = followingClock(stop);
  const options = { from: "20150712", follow: true, clock, signal: stop.signal };
  await runExport(archives, target, options);
  deepStrictEqual(await placesIn(target), [`${today} 0`]);
});

Deno.test("exportTable() with follow ends with the last day", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchives(archives, 1);
  const stop = new AbortController();
  const clock = followingClock(stop);
  const options = { to: "20150710", follow: true, clock, signal: stop.signal };
  equal((await runExport(archives, target, options)).exported, 1);
});

Deno.test("exportTable() infers a schema only if no other exporter has put one meanwhile", async () => {
  const archives = new MemoryObjectStore();
  await putArchive(archives, [{ n: "text", mine: 1 }]);
  let isFirst = true;
  const target = new MemoryObjectStore({
    async intercept({ operation, key }, proceed) {
      if (operation === "put" && key === "_triton/schema.json" && isFirst) {
        isFirst = false;
        await runExport(archives, target, { schema: parseColumns("n:int64") });
      }
      return await proceed();
    },
  });
  await runExport(archives, target);
  deepStrictEqual(await Array.fromAsync(target.list("_triton/"), ({ key }) => key), [
    "_triton/schema.json",
  ]);
});

Deno.test("exportTable() with a schema that has grown makes the same outputs of an archive", async () => {
  const archives = new MemoryObjectStore();
  const days = 100;
  const events = Array.from({ length: 3000 }, (_, i) => ({
    text: `${i}`.repeat(40),
    at: new Date(NOW - Math.floor(i / 20) % days * 86_400_000).toISOString(),
  }));
  await putArchive(archives, events);
  const columns = Array.from({ length: 148 }, (_, i) => `c${i}`).join();
  const outputs = [];
  for (const more of ["", `, ${columns}`]) {
    const target = new MemoryObjectStore();
    const schema = parseColumns(`at:timestamp(iso)${more}`);
    await runExport(archives, target, { schema, partitionBy: "at:day" });
    outputs.push(await outputsIn(target));
  }
  deepStrictEqual(outputs[0], outputs[1]);
});

Deno.test("exportTable() has no day for times beyond the years 1 to 9999", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const times = ["+012345-01-01T00:00:00.000Z", "-000001-01-01T00:00:00.000Z"];
  await putArchive(
    archives,
    [...times, "2015-07-01T00:00:00.000Z"].map((at) => ({
      at: new Date(at),
    })),
  );
  await runExport(archives, target, { partitionBy: "at:day" });
  const days = (await outputsIn(target)).map((key) => key.split("/")[0]);
  deepStrictEqual(days, ["dt=2015-07-01", "dt=__HIVE_DEFAULT_PARTITION__"]);
  equal((await placesIn(target)).length, 3);
});

Deno.test("exportTable() keeps archives apart that have the same name on two days", async () => {
  const archives = new MemoryObjectStore();
  const at = "2015-07-01T00:00:00.000Z";
  // As of go-triton's, in other time zones.
  const key = await putArchive(archives, [{ at, i: 1 }]);
  const other = key.replace("20150710", "20150711");
  await archives.put(other, archiveOf([{ at, i: 2 }], new Date(FIRST * 1000)));
  const schema = parseColumns("at:timestamp(iso)");
  for (const partitionBy of [undefined, "at:day"]) {
    const target = new MemoryObjectStore();
    equal((await runExport(archives, target, { schema, partitionBy })).exported, 2);
    deepStrictEqual(await placesIn(target), [`${key} 0`, `${other} 0`]);
    equal((await runExport(archives, target, { schema, partitionBy, check: true })).done, 2);
  }
});

Deno.test("exportTable() has no time of an archive whose key has none that there is", async () => {
  const archives = new MemoryObjectStore();
  const key = `20150710/clicks-store-${2n ** 63n - 1n}.tri`;
  await archives.put(key, archiveOf([{ i: 1 }]));
  const target = new MemoryObjectStore();
  await runExport(archives, target);
  const [row] = await rowsIn(target);
  deepStrictEqual([row!._file, row!._archived_at, row!.i], [key, null, 1n]);
  for (const format of ["csv", "ndjson.gz"] as const) {
    equal((await runExport(archives, new MemoryObjectStore(), { format })).rows, 1);
  }
});

Deno.test("exportTable() tells a key with a dot from a path in the heading of CSV", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchive(archives, [{ "a.b": 1, a: { b: 2 } }]);
  await runExport(archives, target, { format: "csv" });
  const text = new TextDecoder().decode(await bytesOf(target, (await outputsIn(target))[0]!));
  equal(text.split("\n")[0], '_file,_index,_archived_at,"""a.b""",a.b,_rest');
});

Deno.test("SchemaInference keeps the most frequent of very many keys", () => {
  const inference = new SchemaInference();
  for (let i = 0; i < 100; i++) {
    const keys = Array.from({ length: 1500 }, (_, k) => [`k${i}x${k}`, { a: 1, b: k }]);
    inference.add({ ...Object.fromEntries(keys), often: { a: 1, b: 2 } });
  }
  const { columns } = inference.schema();
  equal(columns.length, 200);
  ok(columns.some(({ key }) => key === "often"));
});
