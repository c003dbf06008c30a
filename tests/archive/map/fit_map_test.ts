import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { fitMap } from "../../../src/archive/map/fit_map.ts";
import { shardId } from "../chain_archives.ts";
import { DAY, HOUR, hourlyFiles, mapOf } from "./map_files.ts";

Deno.test("fitMap() fits any map into any room, and keeps all sums", async () => {
  const hours = fc.integer({ min: 1, max: 100 });
  const shards = fc.integer({ min: 1, max: 4 });
  const room = fc.record({
    slots: fc.integer({ min: 2, max: 40 }),
    rows: fc.integer({ min: 1, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(hours, shards, room, async (hours, shards, room) => {
      const files = Array.from(
        { length: shards },
        (_, shard) => hourlyFiles({ shard, from: shard, to: shard + hours, perHour: shard + 1 }),
      );
      const map = await mapOf(files.flat());
      const fitted = fitMap(map, room);
      ok(fitted.slots <= room.slots, `${fitted.slots}`);
      ok(fitted.rows.length <= room.rows);
      equal(fitted.rows.length + (fitted.others?.count ?? 0), shards);
      equal(fitted.all.events, map.events);
      for (const row of [...fitted.rows, fitted.all, ...fitted.others ? [fitted.others.sum] : []]) {
        equal(row.cells.reduce((sum, { events }) => sum + events, 0), row.events);
        ok(row.cells.every(({ slot }) => slot >= 0 && slot < fitted.slots));
      }
    }),
    { numRuns: 25 },
  );
});

Deno.test("fitMap() takes the shortest slots that fit, and keeps rows with marks", async () => {
  const broken = hourlyFiles({ shard: 0, to: 30, perHour: 1 }).filter((_, hour) => hour !== 20);
  const map = await mapOf([...broken, ...hourlyFiles({ shard: 1, to: 30, perHour: 9 })]);
  const { slotMs, rows, others, all } = fitMap(map, { slots: 17, rows: 1 });
  equal(slotMs, 2 * HOUR);
  deepEqual([rows.map((row) => row.shardId), others?.count], [[shardId(0)], 1]);
  deepEqual(all.cells.filter(({ marks }) => marks.length > 0).map(({ slot }) => slot), [10]);
  const days = fitMap(await mapOf(hourlyFiles({ to: 24 * 9 })), { slots: 5, rows: 9 });
  equal(days.slotMs, 2 * DAY);
});
