import { deepStrictEqual } from "node:assert/strict";
import { statsRows } from "../../../../src/cli/commands/stats/stats_rows.ts";
import { toCarbon, toJson, toTable } from "../../../../src/cli/commands/stats/stats_text.ts";
import { colorsOf } from "../../../../src/cli/text/table.ts";
import type { SequenceNumber, ShardId } from "../../../../src/base/record.ts";

Deno.test("stats prints no age if the time in the database is invalid", () => {
  const place = { client: "store", stream: "clicks", shardId: "shardId-7" as ShardId };
  const sequenceNumber = "42" as SequenceNumber;
  const checkpoints = [{ ...place, sequenceNumber, updatedAt: new Date(NaN) }];
  const rows = statsRows({ checkpoints, shards: [], gaps: [], moves: [], groups: [] });
  const stats = { rows, gaps: [], members: [], isPartial: false, lags: undefined, now: 5_000 };
  deepStrictEqual(toCarbon(stats), []);
  deepStrictEqual(toJson(stats).map((line) => JSON.parse(line)), [
    { ...place, sequenceNumber, updatedAt: null, ageSeconds: null },
  ]);
  deepStrictEqual(toTable(stats, colorsOf(false)), [
    "stream  shard      owner  position  age  gaps",
    "clicks  shardId-7  -      42",
  ]);
});
