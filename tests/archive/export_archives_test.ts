import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { exportArchives, MemoryObjectStore, TableSchemaError } from "../../src/archive/mod.ts";
import { FIRST, outputsIn, putArchive, rowsIn } from "./export/tables.ts";

Deno.test("exportArchives() exports from one store to another, and only what is missing", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const key = await putArchive(archives, [{ i: 1, ID: 2 }, { i: "x" }]);
  await putArchive(archives, [{ i: 3 }], FIRST + 3600);
  const seen: [string, number][] = [];
  const options = { stream: "clicks", target, columns: "i:int64, ID:int64", renames: { ID: "id" } };
  const report = await exportArchives(archives, {
    ...options,
    to: "2015-07-10",
    onArchive: (archive, events) => void seen.push([archive.key, events]),
  });
  deepStrictEqual(report, { exported: 1, done: 0, changed: 0, rows: 2, rests: 1 });
  deepStrictEqual(seen, [[key, 2]]);
  deepStrictEqual((await rowsIn(target)).map(({ i, id, _rest }) => [i, id, _rest]), [
    [1n, 2n, null],
    [null, null, '{"i":"x"}'],
  ]);
  const rest = await exportArchives(archives, options);
  deepStrictEqual([rest.exported, rest.done], [1, 1]);
});

Deno.test("exportArchives() opens stores by their URLs, and reads a schema", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const archives = new MemoryObjectStore();
    await putArchive(archives, [{ at: "2015-07-01T00:00:00.000Z" }]);
    const column = { name: "at", type: "timestamp(iso)" };
    await exportArchives(archives, {
      stream: "clicks",
      target: `file://${directory}`,
      format: "csv",
      partitionBy: "at:day",
      schema: JSON.stringify({ version: 1, columns: [column] }),
    });
    const [day] = [...Deno.readDirSync(directory)].map(({ name }) => name)
      .filter((name) => name !== "_triton");
    equal(day, "dt=2015-07-01");
    const same = { stream: "clicks", target: `file://${directory}` };
    await rejects(exportArchives(`file://${directory}/`, same), /is the place of the archives/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("exportArchives() refuses what triton export refuses", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchive(archives, [{ i: 1 }]);
  const options = { stream: "clicks", target };
  await rejects(exportArchives(archives, { ...options, columns: "i:" }), TableSchemaError);
  await rejects(
    exportArchives(archives, { ...options, columns: "i", schema: "{}" }),
    /pass only one of columns and schema/,
  );
  await rejects(exportArchives(archives, { ...options, target: archives }), /is the place of/);
  deepStrictEqual(await outputsIn(target), []);
});
