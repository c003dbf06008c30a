import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import { TableSchemaError } from "../../../src/archive/tables/column_types.ts";
import { parseSchema } from "../../../src/archive/tables/schema_file.ts";
import { type Clock, VirtualClock } from "../../../src/base/clock.ts";
import { EMPTY_ARCHIVE } from "../../../src/codec/mod.ts";
import {
  DirectoryObjectStore,
  MemoryObjectStore,
  type ObjectRequest,
} from "../../../src/objects/mod.ts";
import { readFooter } from "../tables/parquet/read_parquet.ts";
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

const text = async (store: MemoryObjectStore, key: string) =>
  new TextDecoder().decode(await bytesOf(store, key));

const namesOf = async (store: MemoryObjectStore, key: string) =>
  parseSchema(await text(store, key)).columns.map(({ name }) => name);

Deno.test("exportTable() makes one file of each archive, and nothing twice", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const [first, second] = await putArchives(archives, 2);
  await archives.put("20150711/clicks-store-1436572900.tri", EMPTY_ARCHIVE);
  const report = await runExport(archives, target);
  deepStrictEqual(report, { exported: 2, done: 0, changed: 0, rows: 4, rests: 0 });
  deepStrictEqual(await outputsIn(target), [
    "dt=2015-07-10/clicks-store-1436572740.parquet",
    "dt=2015-07-11/clicks-store-1436572800.parquet",
  ]);
  const [row, other] = await rowsIn(target);
  deepStrictEqual(row, {
    _file: first,
    _index: 0n,
    _archived_at: BigInt(FIRST) * 1_000_000n,
    i: "0",
    n: 0n,
    at: "2015-07-12T12:00:00.000Z",
    more: null,
    _rest: null,
  });
  deepStrictEqual([other!.more, other!._rest], ['{"x":null}', null]);
  deepStrictEqual(
    await placesIn(target),
    [0, 1, 2, 3].map((n) => `${n < 2 ? first : second} ${n % 2}`),
  );
  const again = await runExport(archives, target);
  deepStrictEqual(again, { exported: 0, done: 2, changed: 0, rows: 0, rests: 0 });
  const third = await putArchive(archives, [{ i: 7 }], FIRST + 3600);
  equal((await runExport(archives, target)).exported, 1);
  equal((await placesIn(target)).at(-1), `${third} 0`);
});

Deno.test("exportTable() says in each output of which input it is, with the SHA-256", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const [key] = await putArchives(archives, 1);
  await runExport(archives, target);
  const [output] = await outputsIn(target);
  const digest = await crypto.subtle.digest("SHA-256", await bytesOf(archives, key!));
  const hash = new Uint8Array(digest).toHex();
  equal((await target.head(output!))!.metadata!["triton-input-sha256"], hash);
  equal(readFooter(await bytesOf(target, output!)).metadata["triton-input-sha256"], hash);
});

Deno.test("exportTable() takes the schema of the table, and adds columns to it", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchives(archives, 1);
  await runExport(archives, target, { schema: parseColumns("n:int64") });
  await putArchive(archives, [{ n: 1, late: 2 }], FIRST + 60);
  await runExport(archives, target);
  equal((await rowsIn(target)).at(-1)!._rest, '{"late":2}', "columns are not inferred again");
  await putArchive(archives, [{ n: 1, late: 2 }], FIRST + 120);
  await runExport(archives, target, { schema: parseColumns("late:int64") });
  const last = (await rowsIn(target)).at(-1)!;
  deepStrictEqual([last.n, last.late, last._rest], [1n, 2n, null]);
  deepStrictEqual(await namesOf(target, "_triton/schema.json"), ["n"]);
  deepStrictEqual(await namesOf(target, "_triton/schema.2.json"), ["n", "late"]);
  await rejects(
    runExport(archives, target, { schema: parseColumns("n:double") }),
    /Cannot make column n double: in the table it is int64/,
  );
});

Deno.test("exportTable() agrees on one schema with other exporters", async () => {
  const archives = new MemoryObjectStore();
  const [first] = await putArchives(archives, 1);
  let other: Promise<unknown> | undefined;
  const target = new MemoryObjectStore({
    async intercept({ operation, key }, proceed) {
      if (operation === "put" && key === "_triton/schema.json" && other === undefined) {
        other = Promise.resolve();
        // Another exporter comes first.
        other = runExport(archives, target, { schema: parseColumns("other, n:int64") });
        await other;
      }
      return await proceed();
    },
  });
  await runExport(archives, target, { schema: parseColumns("i, n:int64") });
  deepStrictEqual(await namesOf(target, "_triton/schema.json"), ["other", "n"]);
  deepStrictEqual(await namesOf(target, "_triton/schema.2.json"), ["other", "n", "i"]);
  deepStrictEqual(await placesIn(target), [`${first} 0`, `${first} 1`]);
});

Deno.test("exportTable() leaves an output as it is that another exporter has put first", async () => {
  const archives = new MemoryObjectStore();
  await putArchives(archives, 1);
  const schema = parseColumns("n:int64");
  const output = "dt=2015-07-10/clicks-store-1436572740.parquet";
  let other: Awaited<ReturnType<typeof runExport>> | undefined;
  let first: Uint8Array | undefined;
  const target = new MemoryObjectStore({
    async intercept({ operation, key }, proceed) {
      if (operation === "put" && key === output && first === undefined) {
        first = new Uint8Array(0);
        other = await runExport(archives, target, { schema, codec: "gzip" });
        first = await bytesOf(target, output);
      }
      return await proceed();
    },
  });
  const report = await runExport(archives, target, { schema });
  deepStrictEqual([report.exported, report.done, report.rows], [0, 1, 0]);
  deepStrictEqual([other!.exported, other!.done, other!.rows], [1, 0, 2]);
  deepStrictEqual(await bytesOf(target, output), first);
});

Deno.test("exportTable() keeps a table in one layout", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchives(archives, 1);
  await runExport(archives, target);
  await rejects(
    runExport(archives, target, { format: "csv" }),
    (error) =>
      error instanceof TableSchemaError &&
      /Cannot export as csv, .*: the table is parquet, .*memory:\/_triton\/schema.json/.test(
        error.message,
      ),
  );
  const schema = parseColumns("at:timestamp(iso)");
  await rejects(runExport(archives, target, { partitionBy: "at:day", schema }), /doubled/);
});

Deno.test("exportTable() partitions by the day of a column, with a marker at the end", async () => {
  const puts: string[] = [];
  const archives = new MemoryObjectStore();
  const target = new MemoryObjectStore({
    intercept({ operation, key }, proceed) {
      if (operation === "put") puts.push(key);
      return proceed();
    },
  });
  const key = await putArchive(archives, [
    { at: "2015-07-10T23:00:00.000Z" },
    { at: "2015-07-01T00:00:00.000Z", x: 1 },
    { at: "yesterday" },
    { at: "2015-07-10T00:00:00.000Z" },
  ]);
  const options = { partitionBy: "at:day", schema: parseColumns("at:timestamp(iso)") };
  await runExport(archives, target, options);
  const name = "clicks-store-1436572740";
  deepStrictEqual(await outputsIn(target), [
    `dt=2015-07-01/${name}.parquet`,
    `dt=2015-07-10/${name}.parquet`,
    `dt=__HIVE_DEFAULT_PARTITION__/${name}.parquet`,
  ]);
  const marker = `_triton/log/dt=2015-07-10/${name}.1.done.json`;
  equal(puts.at(-1), marker);
  const { input, rows, outputs } = JSON.parse(await text(target, marker));
  deepStrictEqual([input, rows, outputs], [key, 4, await outputsIn(target)]);
  deepStrictEqual(await placesIn(target), [0, 1, 2, 3].map((n) => `${key} ${n}`));
  equal((await runExport(archives, target, options)).done, 1);
  const wrong = { ...options, schema: parseColumns("at:timestamp(iso), n:int64") };
  for (const partitionBy of ["n:day", "none:day", "at:hour"]) {
    const elsewhere = new MemoryObjectStore();
    await rejects(runExport(archives, elsewhere, { ...wrong, partitionBy }), /Cannot partition by/);
    deepStrictEqual(await Array.fromAsync(elsewhere.list("")), [], "nothing was put");
  }
});

Deno.test("exportTable() makes several outputs of a large archive, one after the other", async () => {
  for (const partitionBy of [undefined, "at:day"]) {
    const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
    const events = Array.from({ length: 5000 }, (_, i) => ({
      i,
      text: `${i}`.repeat(40),
      at: new Date(NOW - (i % 30) * 86_400_000).toISOString(),
    }));
    const key = await putArchive(archives, events);
    const schema = parseColumns("i:int64, text, at:timestamp(iso)");
    await runExport(archives, target, { schema, partitionBy, cutting: { pieceBytes: 300_000 } });
    const outputs = await outputsIn(target);
    ok(outputs.some((output) => output.endsWith(".part2.parquet")), outputs.join());
    deepStrictEqual(
      await placesIn(target),
      events.map((_, i) => `${key} ${i}`).sort((a, b) => a.length - b.length || (a < b ? -1 : 1)),
    );
    equal((await runExport(archives, target, { partitionBy })).done, 1);
  }
});

Deno.test("exportTable() with check finds archives that have changed, and replaces their rows", async () => {
  const directory = await Deno.makeTempDir();
  try {
    for (const partitionBy of [undefined, "at:day"]) {
      const at = (day: number) => `2015-07-0${day}T00:00:00.000Z`;
      const large = Array.from(
        { length: 3000 },
        (_, i) => ({ i, at: at(i % 3 + 1), n: `${i}`.repeat(50) }),
      );
      for (
        const target of [
          new MemoryObjectStore(),
          new DirectoryObjectStore(`${directory}/${partitionBy}`),
        ]
      ) {
        const archives = new MemoryObjectStore();
        const key = await putArchive(archives, large);
        const same = await putArchive(archives, [{ i: 1, at: at(1) }], FIRST + 60);
        const schema = parseColumns("i:int64, at:timestamp(iso)");
        const options = { schema, partitionBy, cutting: { pieceBytes: 200_000 } };
        await runExport(archives, target, options);
        equal((await runExport(archives, target, { ...options, check: true })).done, 2);
        await putArchive(archives, [{ i: 5, at: at(9) }]);
        equal((await runExport(archives, target, options)).done, 2, "not looked at without check");
        const report = await runExport(archives, target, { ...options, check: true });
        deepStrictEqual([report.exported, report.changed, report.done], [1, 1, 1]);
        deepStrictEqual(await placesIn(target), [`${key} 0`, `${same} 0`]);
        equal((await runExport(archives, target, { ...options, check: true })).changed, 0);
      }
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("exportTable() with check refuses outputs that do not say what they are of", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const archives = new MemoryObjectStore();
    await putArchives(archives, 1);
    const target = new DirectoryObjectStore(directory);
    await runExport(archives, target, { format: "csv" });
    await rejects(
      runExport(archives, target, { format: "csv", check: true }),
      /Cannot check "20150710\/clicks-store-1436572740.tri": its output does not say/,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("exportTable() with follow exports new archives until the signal", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchives(archives, 1);
  const stop = new AbortController();
  const virtual = new VirtualClock({ now: NOW });
  let looks = 0;
  const clock: Clock = {
    now: () => virtual.now(),
    random: () => 0.5,
    async sleep(ms, signal) {
      equal(ms, 60_000);
      signal?.throwIfAborted();
      if (++looks === 3) return stop.abort();
      await putArchive(archives, [{ i: looks }], NOW / 1000 + looks);
    },
  };
  const report = await runExport(archives, target, { follow: true, clock, signal: stop.signal });
  deepStrictEqual([report.exported, looks], [3, 3]);
});

Deno.test("exportTable() names the archive that is damaged, and exports all others", async () => {
  for (const schema of [parseColumns("i"), undefined]) {
    const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
    const damaged = await putDamaged(archives, FIRST - 60);
    await rejects(runExport(archives, target, { schema }), /Cannot read/);
    const [first, second] = await putArchives(archives, 2);
    const isDamage = new RegExp(`Cannot read "${damaged}"`);
    await rejects(runExport(archives, target, { schema }), isDamage);
    const places = [first, second].flatMap((key) => [`${key} 0`, `${key} 1`]);
    deepStrictEqual(await placesIn(target), places);
    await rejects(runExport(archives, target), isDamage);
  }
});

/** Puts an archive of several megabytes whose first chunk is damaged. */
async function putDamaged(archives: MemoryObjectStore, createdAt: number): Promise<string> {
  const random = () => crypto.getRandomValues(new Uint8Array(60_000));
  const key = await putArchive(
    archives,
    Array.from({ length: 60 }, () => ({ random: random() })),
    createdAt,
  );
  const bytes = await bytesOf(archives, key);
  bytes[40]! ^= 0xff;
  await archives.put(key, bytes);
  return key;
}

Deno.test("exportTable() repeats requests whose responses are lost", async () => {
  const archives = new MemoryObjectStore();
  const [first] = await putArchives(archives, 1);
  const { ObjectStoreError } = await import("../../../src/base/errors.ts");
  const failed = new Set<string>();
  let isFailing = true;
  const target = new MemoryObjectStore({
    async intercept({ operation, key }: ObjectRequest, proceed) {
      const response = await proceed();
      const request = `${operation} ${key}`;
      if (!isFailing || failed.has(request)) return response;
      failed.add(request);
      throw new ObjectStoreError("reset", { code: "ECONNRESET", retryable: true });
    },
  });
  const clock: Clock = { now: () => NOW, random: () => 0.5, sleep: () => Promise.resolve() };
  await runExport(archives, target, { clock });
  isFailing = false;
  deepStrictEqual(await placesIn(target), [`${first} 0`, `${first} 1`]);
  ok(failed.has("put dt=2015-07-10/clicks-store-1436572740.parquet"));
});
