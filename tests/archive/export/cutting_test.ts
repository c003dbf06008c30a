/** How large archives are cut into outputs: by the numbers of the table, whoever exports. */

import { deepStrictEqual, equal, ok, rejects, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  type Cutting,
  cuttingJson,
  defaultCutting,
  parseCutting,
} from "../../../src/archive/export/cutting.ts";
import { PendingEvents } from "../../../src/archive/export/pending_events.ts";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import type { EventData } from "../../../src/base/record.ts";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import { KillingTarget } from "./killing_target.ts";
import { bytesOf, NOW, outputsIn, placesIn, putArchive, rowsIn, runExport } from "./tables.ts";

const DAY = 86_400_000;
const COLUMNS = "i:int64, at:timestamp(iso)";
const BY_DAY = { schema: parseColumns(COLUMNS), partitionBy: "at:day" };

/** Numbers for small archives. */
const SMALL: Cutting = {
  pieceBytes: 40_000,
  pendingBytes: 12_000,
  groupBytes: 3000,
  eventBytes: 16,
  outputBytes: 100,
};

/** Events of about 250 bytes, each `daysAgo(i)` old. */
function eventsOf(count: number, daysAgo: (i: number) => number): EventData[] {
  return Array.from({ length: count }, (_, i) => ({
    i,
    text: `${i}`.padEnd(200, "x"),
    at: new Date(NOW - daysAgo(i) * DAY).toISOString(),
  }));
}

/** The outputs of each day, without those of the day itself. */
async function outputsByDay(target: MemoryObjectStore): Promise<Map<string, string[]>> {
  return Map.groupBy(await outputsIn(target), (key) => key.split("/")[0]!);
}

Deno.test("exportTable() has any number of days open at once, each with one output", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const key = await putArchive(archives, eventsOf(3000, (i) => Math.floor(i / 3) % 500));
  await runExport(archives, target, BY_DAY);
  equal((await outputsIn(target)).length, 500);
  const expected = Array.from({ length: 3000 }, (_, i) => `${key} ${i}`);
  deepStrictEqual((await placesIn(target)).toSorted(), expected.toSorted());
});

Deno.test("exportTable() puts the largest outputs first: late events stay together", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const key = await putArchive(archives, eventsOf(2000, (i) => i % 50 === 0 ? 9 : i % 2));
  await runExport(archives, target, { ...BY_DAY, cutting: SMALL });
  const days = await outputsByDay(target);
  const counts = ["dt=2015-07-12", "dt=2015-07-11", "dt=2015-07-03"]
    .map((day) => days.get(day)!.length);
  ok(counts[0]! > 4 && counts[1]! > 4, counts.join());
  equal(counts[2], 1);
  equal(new Set(await placesIn(target)).size, 2000);
  ok((await placesIn(target)).every((place) => place.startsWith(key)));
});

Deno.test("exportTable() bounds what is not encoded yet, in all outputs together", async () => {
  for (const [cutting, isCut] of [[SMALL, true], [{ ...SMALL, pendingBytes: 40_000 }, false]]) {
    const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
    await putArchive(archives, eventsOf(100, (i) => i % 20));
    await runExport(archives, target, { ...BY_DAY, cutting: cutting as Cutting });
    const pieces = (await outputsIn(target)).filter((key) => key.includes(".part"));
    equal(pieces.length > 0, isCut, pieces.join());
  }
});

Deno.test("schema.json has the numbers by which a table is cut, also after it has grown", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchive(archives, [{ i: 1 }]);
  await runExport(archives, target, { ...BY_DAY, cutting: { pieceBytes: 123_456 } });
  await runExport(archives, target, { ...BY_DAY, schema: parseColumns(`${COLUMNS}, late`) });
  for (const name of ["schema.json", "schema.2.json"]) {
    const bytes = await bytesOf(target, `_triton/${name}`);
    const { table } = JSON.parse(new TextDecoder().decode(bytes));
    deepStrictEqual(table, {
      format: "parquet",
      partition_by: "at:day",
      cut: { ...cuttingJson(defaultCutting("parquet")), piece_bytes: 123_456 },
    });
  }
});

Deno.test("parseCutting() reads what cuttingJson() writes, and refuses other numbers", async () => {
  deepStrictEqual(parseCutting(cuttingJson(SMALL)), SMALL);
  const json = cuttingJson(SMALL);
  const { piece_bytes: _, ...less } = json;
  for (const wrong of [{}, 7, null, less, { ...json, more: 1 }, { ...json, event_bytes: "x" }]) {
    throws(() => parseCutting(wrong), /"cut" must have the numbers piece_bytes, .* newer version/);
  }
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  await putArchive(archives, [{ i: 1 }]);
  const stored = { version: 1, columns: [{ name: "i", type: "int64" }] };
  const table = { format: "parquet", cut: { ...json, window: 3 } };
  const text = JSON.stringify({ ...stored, table });
  await target.put("_triton/schema.json", new TextEncoder().encode(text));
  await rejects(runExport(archives, target), /newer version of Triton .*_triton\/schema.json/);
});

for (const partitionBy of [undefined, "at:day"]) {
  const by = partitionBy ?? "the day of the archive";

  Deno.test(`a killed export by ${by} is completed with the same outputs by another version`, async () => {
    const archives = new MemoryObjectStore();
    const key = await putArchive(archives, eventsOf(400, (i) => i % 7));
    const expected = Array.from({ length: 400 }, (_, i) => `${key} ${i}`).sort();
    const options = { schema: parseColumns(COLUMNS), partitionBy, cutting: SMALL };
    const other = {
      partitionBy,
      schema: parseColumns(`${COLUMNS}, text`),
      codec: "zstd" as const,
      cutting: { ...SMALL, pieceBytes: 9000 },
    };
    let outputs: string[] | undefined;
    for (let killAt = 4;; killAt += 8) {
      const target = new KillingTarget();
      const wasKilled = await target.run(() => runExport(archives, target.store, options), killAt);
      await runExport(archives, target.store, other);
      deepStrictEqual((await placesIn(target.store)).toSorted(), expected, `killed at ${killAt}`);
      deepStrictEqual(await outputsIn(target.store), outputs ??= await outputsIn(target.store));
      if (!wasKilled) break;
    }
    ok(outputs!.length > 2, outputs!.join());
  });
}

Deno.test("PendingEvents gives back what was added, in order, and frees it", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 50 }), (all) => {
      const events = new PendingEvents();
      for (let round = 0; round < 2; round++) {
        for (const [i, bytes] of all.entries()) {
          const padded = new Uint8Array([7, ...bytes, 7]);
          events.add(padded, 1, 1 + bytes.length, i * 2 ** 33);
        }
        const taken: unknown[] = [];
        const buffers = new Set<ArrayBufferLike>();
        events.takeAll((bytes, start, end, index) => {
          taken.push([bytes.slice(start, end), index]);
          buffers.add(bytes.buffer);
        });
        deepStrictEqual(taken, all.map((bytes, i) => [Uint8Array.from(bytes), i * 2 ** 33]));
        ok([...buffers].every(({ byteLength }) => byteLength === 0));
      }
    }),
  );
});

Deno.test("an archive of which only quarantine is left has no rows, and is done", async () => {
  for (const partitionBy of [undefined, "at:day"]) {
    const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
    await putArchive(archives, []);
    const options = { ...BY_DAY, partitionBy };
    equal((await runExport(archives, target, options)).exported, 1);
    deepStrictEqual(await rowsIn(target), []);
    equal((await runExport(archives, target, { ...options, check: true })).done, 1);
  }
});
