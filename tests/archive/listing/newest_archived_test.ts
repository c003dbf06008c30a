import { deepStrictEqual } from "node:assert/strict";
import { MemoryObjectStore, newestArchived } from "../../../src/archive/mod.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import { EMPTY_ARCHIVE } from "../../../src/codec/mod.ts";
import { type FileSpec, keyOf, putFiles, shardId, START } from "../chain_archives.ts";

const DAY = 86_400;

async function newestOf(
  specs: readonly FileSpec[],
  since = START,
): Promise<[string, string, string][]> {
  const store = new MemoryObjectStore();
  await store.put("20260103/clicks-store-1767398500.tri", EMPTY_ARCHIVE);
  await store.put("20260103/clicks-store-1767398501.tri", new Uint8Array(9));
  await putFiles(store, ...specs);
  const clock = new VirtualClock({ now: START + 3 * DAY * 1000 });
  const options = { stream: "clicks", client: "store", since: new Date(since), clock };
  return [...await newestArchived(store, options)].map(([id, { key, last }]) => [id, key, last])
    .sort() as [string, string, string][];
}

Deno.test("newestArchived() finds each chain's end by sequence number, not by key", async () => {
  const specs: FileSpec[] = [
    { shards: { 0: [undefined, 8], 1: [undefined, 7] }, at: 0 },
    { shards: { 0: [8, 10] }, at: 6 },
    { shards: { 0: [9, 9] }, at: 7 },
    { shards: { 2: [undefined, 3] }, at: 4 * DAY },
    { shards: { 0: [undefined, 99] }, at: 8, client: "other" },
    { shards: { 0: [undefined, 99] }, at: 9, stream: "clicks-b" },
  ];
  deepStrictEqual(await newestOf(specs), [
    [shardId(0), keyOf(specs[1]!), "10"],
    [shardId(1), keyOf(specs[0]!), "7"],
    [shardId(2), keyOf(specs[3]!), "3"],
  ]);
});

Deno.test("newestArchived() passes over archives that are older than asked for", async () => {
  const specs: FileSpec[] = [
    { shards: { 0: [undefined, 8], 1: [undefined, 7] }, at: DAY },
    { shards: { 0: [8, 9] }, at: DAY + 60 },
  ];
  deepStrictEqual(await newestOf(specs, START + (DAY + 30) * 1000), [
    [shardId(0), keyOf(specs[1]!), "9"],
  ]);
  deepStrictEqual(await newestOf(specs, START + 2 * DAY * 1000), []);
});
