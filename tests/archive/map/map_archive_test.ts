import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import {
  type ArchiveMap,
  mapArchive,
  MemoryObjectStore,
  verifyArchive,
} from "../../../src/archive/mod.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import { type FileSpec, keyOf, putFiles, shardId, START } from "../chain_archives.ts";
import { DAY, fileAt, fileOfOthers, HOUR, hourlyFiles, mapOf } from "./map_files.ts";

/** The events of each cell of a row, by slot. */
function eventsOf(map: ArchiveMap, row = 0): [slot: number, events: number][] {
  return map.rows[row]!.cells.map(({ slot, events }) => [slot, events]);
}

/** The slots that are marked, of each row. */
function marksOf(map: ArchiveMap): [slot: number, ...marks: string[]][][] {
  return map.rows.map(({ cells }) =>
    cells.filter(({ marks }) => marks.length > 0).map(({ slot, marks }) => [slot, ...marks])
  );
}

Deno.test("mapArchive() counts what arrived in an hour in that hour, not when the file was made", async () => {
  const map = await mapOf(hourlyFiles({ from: 3, to: 6 }));
  deepEqual([map.start, map.slotMs, map.slots], [new Date(START + 3 * HOUR), HOUR, 3]);
  deepEqual(eventsOf(map), [[0, 2], [1, 2], [2, 2]]);
  deepEqual(map.rows[0]!.cells.map(({ files }) => files), [1, 1, 1]);
  const [{ client, shardId: shard, isBegun, firstArrival }] = map.rows as [typeof map.rows[0]];
  deepEqual([client, shard, isBegun], ["store", shardId(0), true]);
  deepEqual(firstArrival, new Date(START + 3 * HOUR + 1));
  deepEqual([map.findings, map.reshards], [[], []]);
});

Deno.test("mapArchive() spreads a file over the time in which its records arrived", async () => {
  const times = [0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR - 1];
  const map = await mapOf([fileAt(0, undefined, ...times.map((time) => time + 1))]);
  deepEqual(eventsOf(map), [[0, 1], [1, 1], [2, 1], [3, 1], [4, 1]]);
  deepEqual(map.rows[0]!.cells.map(({ files }) => files), [0, 0, 0, 0, 1]);
});

Deno.test("mapArchive() counts a file with records of several shards once", async () => {
  const map = await mapOf([
    { shards: { 0: [undefined, 1, 2], 1: [undefined, 3], 2: [undefined, HOUR] }, at: 3601 },
  ]);
  deepEqual(map.rows.map(({ files, events }) => [files, events]), [[1, 2], [1, 1], [1, 1]]);
  deepEqual([map.all.files, map.all.events, map.all.size], [1, 4, map.size]);
  deepEqual(map.all.cells.map(({ files, events }) => [files, events]), [[0, 3], [1, 1]]);
  equal(map.rows.reduce((sum, { size }) => sum + size, 0), map.size);
});

Deno.test("mapArchive() takes hours for three days, then days, unless it is told", async () => {
  const files = hourlyFiles({ to: 80 });
  const slotMs = async (count: number, by?: "hour" | "day") =>
    (await mapOf(files.slice(0, count), { by })).slotMs;
  deepEqual([await slotMs(72), await slotMs(73)], [HOUR, DAY]);
  deepEqual([await slotMs(73, "hour"), await slotMs(2, "day")], [HOUR, DAY]);
});

Deno.test("mapArchive() has all slots of the days that were asked for", async () => {
  const files = hourlyFiles({ from: 30, to: 32 });
  const map = await mapOf(files, { from: "20260101", to: "20260103", by: "hour" });
  deepEqual([map.start, map.slots], [new Date(START), 72]);
  deepEqual(eventsOf(map), [[30, 2], [31, 2]]);
  deepEqual([map.from, map.to], ["20260101", "20260103"]);
  await rejects(mapOf(files, { from: "20260199" }), RangeError);
});

Deno.test("mapArchive() of no archive has no slots and no rows", async () => {
  const map = await mapOf([]);
  deepEqual([map.start, map.slots, map.rows, map.files], [undefined, 0, [], 0]);
});

Deno.test("mapArchive() marks the time of a missing file, and says which files are around it", async () => {
  const files = hourlyFiles({ to: 8 });
  const [before, next] = [files[2]!, files[5]!];
  const map = await mapOf(files.filter((_, hour) => hour !== 3 && hour !== 4));
  deepEqual(marksOf(map), [[[3, "missing"], [4, "missing"]]]);
  const [finding, ...more] = map.findings;
  deepEqual(more, []);
  deepEqual([finding!.mark, finding!.shardId], ["missing", shardId(0)]);
  deepEqual(finding!.keys, [keyOf(before), keyOf(next)]);
  deepEqual(finding!.from, map.rows[0]!.firstArrival && new Date(START + 2 * HOUR + 1 + 1_799_000));
  deepEqual(finding!.to, new Date(START + 5 * HOUR + 1));
  match(finding!.message, /^no file holds what lies between \d+ and \d+$/);
});

Deno.test("mapArchive() marks a chain that begins anew as a gap, and a recorded one with its reason", async () => {
  const files = [...hourlyFiles({ to: 2 }), ...hourlyFiles({ from: 5, to: 6 })];
  const anew = await mapOf(files);
  deepEqual(anew.findings.map(({ mark, recorded }) => [mark, recorded]), [["gap", undefined]]);
  const after = String(HOUR + 1 + 1_799_000) as SequenceNumber;
  const until = String(5 * HOUR + 1) as SequenceNumber;
  const gap = {
    ...{ client: "store", shardId: shardId(0), after, until: undefined },
    ...{ reason: "retention", recordedAt: new Date(START + 5 * HOUR) },
  };
  const knowledge = (until: SequenceNumber | undefined) => ({
    checkpoints: () => Promise.resolve([]),
    gaps: () => Promise.resolve([{ ...gap, until }]),
  });
  for (const known of [until, undefined]) {
    const recorded = await mapOf(files, { knowledge: knowledge(known) });
    const [finding, ...more] = recorded.findings;
    deepEqual([more, finding!.mark, finding!.recorded], [[], "gap", "retention"]);
    equal(finding!.from?.getTime(), START + HOUR + 1 + 1_799_000);
    if (known !== undefined) {
      equal(finding!.to?.getTime(), START + 5 * HOUR + 1);
      deepEqual(marksOf(recorded)[0]!.map(([slot]) => slot), [2, 3, 4]);
    }
  }
});

Deno.test("mapArchive() marks a shard of which every file is missing over all of the time", async () => {
  const checkpoint = {
    ...{ client: "store", shardId: shardId(7), isArchivers: true },
    sequenceNumber: "100" as SequenceNumber,
  };
  const knowledge = {
    checkpoints: () => Promise.resolve([checkpoint]),
    gaps: () => Promise.resolve([]),
  };
  const map = await mapOf(hourlyFiles({ to: 3 }), { knowledge });
  deepEqual(map.rows.map((row) => row.shardId), [shardId(0), shardId(7)]);
  deepEqual(marksOf(map), [[], [[0, "missing"], [1, "missing"], [2, "missing"]]]);
  const none = await mapOf([], { knowledge });
  deepEqual(none.findings.map(({ mark, from }) => [mark, from]), [["missing", undefined]]);
});

Deno.test("mapArchive() puts files of which no shard is known into the last row, by their keys' time", async () => {
  const store = new MemoryObjectStore();
  await putFiles(store, ...hourlyFiles({ to: 4 }));
  const other = new Uint8Array([0xff, 6, 0, 0, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59]); // empty
  const old = await fileOfOthers();
  await store.put(`20260101/clicks-archive-${(START + 2 * HOUR) / 1000}.tri`, old);
  await store.put("20260101/clicks-shardId-000000000001-123.tri", old);
  await store.put(`20260101/clicks-store-${START / 1000 + 7}.tri`, other);
  const map = await mapArchive(store, { stream: "clicks" });
  const row = map.rows.at(-1)!;
  deepEqual([map.rows.length, row.client, row.shardId, row.files], [2, undefined, undefined, 2]);
  deepEqual(row.cells.map(({ slot, files }) => [slot, files]), [[0, 1], [2, 1]]);
  deepEqual([map.files, map.empty, map.unprovable, map.findings], [7, 1, 2, []]);
});

Deno.test("mapArchive() finds reshards by the times at which shards fall silent and others begin", async () => {
  const quiet = hourlyFiles({ shard: 9, from: 5, to: 9 }); // begins late, when no shard ends
  const map = await mapOf([
    ...hourlyFiles({ shard: 0, to: 3 }),
    ...hourlyFiles({ shard: 1, to: 9 }),
    ...hourlyFiles({ shard: 2, from: 3, to: 9 }),
    ...hourlyFiles({ shard: 3, from: 3, to: 9 }),
    ...quiet,
  ]);
  deepEqual(map.reshards, [{
    ...{ client: "store", at: new Date(START + 3 * HOUR + 3), source: "times" },
    ...{ parents: [shardId(0)], children: [shardId(2), shardId(3)] },
  }]);
});

Deno.test("mapArchive() takes no shard for the child of one that began with it, however short both are", async () => {
  const map = await mapOf([fileAt(0, undefined, 1, 20_000), fileAt(1, undefined, 1_000, 30_000)]);
  deepEqual([map.rows.length, map.reshards], [2, []]);
});

Deno.test("mapArchive() takes parents from the database, and then no guess", async () => {
  const lineage = () =>
    Promise.resolve([
      ...[0, 1].map((n) => ({ client: "store", shardId: shardId(n), parents: [] })),
      { client: "store", shardId: shardId(2), parents: [shardId(1), shardId(0)] },
      { client: "other", shardId: shardId(3), parents: [shardId(0)] },
    ]);
  const none = () => Promise.resolve([]);
  const files = [
    ...hourlyFiles({ shard: 0, to: 3 }),
    ...hourlyFiles({ shard: 1, to: 2 }),
    ...hourlyFiles({ shard: 2, from: 5, to: 6 }),
  ];
  const map = await mapOf(files, { knowledge: { lineage, checkpoints: none, gaps: none } });
  deepEqual(map.reshards, [{
    ...{ client: "store", at: new Date(START + 5 * HOUR + 3), source: "database" },
    ...{ parents: [shardId(0), shardId(1)], children: [shardId(2)] },
  }]);
});

/** An archive with some files missing: shards, hours, records in an hour, and a number for each file. */
const ARCHIVES = fc.record({
  shards: fc.integer({ min: 1, max: 3 }),
  hours: fc.integer({ min: 1, max: 30 }),
  perHour: fc.integer({ min: 1, max: 3 }),
  missing: fc.array(fc.nat({ max: 60 }), { maxLength: 4 }),
});

Deno.test("mapArchive() of any archive: cells add up, and marks are there if and only if it is not whole", async () => {
  await fc.assert(
    fc.asyncProperty(ARCHIVES, async ({ shards, hours, perHour, missing }) => {
      const files: FileSpec[] = Array.from(
        { length: shards },
        (_, shard) => hourlyFiles({ shard, to: hours, perHour }),
      ).flat().filter((_, index) => !missing.includes(index));
      const store = new MemoryObjectStore();
      await putFiles(store, ...files);
      const map = await mapArchive(store, { stream: "clicks", limits: { slots: 20 } });
      const report = await verifyArchive(store, { stream: "clicks", allowEmpty: true });
      const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
      for (const name of ["files", "events", "quarantined", "size"] as const) {
        for (const row of map.rows) equal(sum(row.cells.map((cell) => cell[name])), row[name]);
        equal(sum(map.rows.map((row) => row[name])), report[name]);
        equal(sum(map.all.cells.map((cell) => cell[name])), report[name]);
        equal(map[name], report[name]);
      }
      ok(map.slots <= 20);
      ok(map.rows.every(({ cells }) => cells.every(({ slot }) => slot >= 0 && slot < map.slots)));
      equal(map.findings.length, report.problems.length);
      equal(marksOf(map).flat().length > 0, !report.whole);
    }),
    { numRuns: 40 },
  );
});
