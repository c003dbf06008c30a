import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { GroupWorld } from "./group_world.ts";

Deno.test("run() processes several records at a time, those of each key in order", async () => {
  const world = new GroupWorld(2);
  await world.put(200, 7);
  const stop = new AbortController();
  const { group, process } = world.member({ signal: stop.signal });
  const last = new Map<string, number>();
  let [running, most, done] = [0, 0, 0];
  const run = group.run(async ({ data, partitionKey }) => {
    const n = data.n as number;
    most = Math.max(most, ++running);
    ok(n > (last.get(partitionKey) ?? -1));
    last.set(partitionKey, n);
    await process.sleep(n % 3 * 50 + 1);
    running--;
    if (++done === 200) stop.abort();
  }, { concurrency: 3 });
  await world.until(run);
  equal(most, 3);
  equal((await world.table.shards()).filter(({ position }) => position === undefined).length, 0);
});

Deno.test("run() saves the last record up to which all are processed, and stays within maxAhead of it", async () => {
  const world = new GroupWorld();
  await world.put(50);
  const { group, process } = world.member();
  const done: number[] = [];
  void group.run(async ({ data }) => {
    const n = data.n as number;
    if (n === 5) await process.sleep(60_000);
    done.push(n);
  }, { concurrency: 4, maxAhead: 10 });
  await world.clock.advance(30_000);
  deepEqual(done.toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  process.crash();
  const again: number[] = [];
  void world.member().group.run(({ data }) => void again.push(data.n as number));
  await world.untilSo(() => again.includes(49));
  equal(Math.min(...again), 5);
});

Deno.test("run() retries a record, and stops at poison", async () => {
  const world = new GroupWorld();
  await world.put(5, 2);
  const calls: number[] = [];
  const { group } = world.member({ retries: 2 });
  const run = group.run(({ data }) => {
    calls.push(data.n as number);
    if (data.n === 2) throw new Error("not 2");
  });
  await rejects(world.until(run), { message: "not 2" });
  deepEqual(calls.filter((n) => n === 2), [2, 2, 2]);
  ok(!calls.includes(4), "4 has the key of 2");
  const again: number[] = [];
  void world.member().group.run(({ data }) => void again.push(data.n as number));
  await world.untilSo(() => again.includes(4));
  equal(Math.min(...again), 2);
});

Deno.test("run() passes poison to onPoison, and the record counts as processed", async () => {
  const world = new GroupWorld();
  await world.put(3);
  const poison: unknown[] = [];
  const { group } = world.member({
    retries: 0,
    onPoison: (_error, { records }) => void poison.push(...records.map(({ data }) => data.n)),
  });
  const done: unknown[] = [];
  void group.run(({ data }) => {
    if (data.n === 1) throw new Error("not 1");
    done.push(data.n);
  });
  await world.untilSo(() => done.length === 2);
  await world.clock.advance(2_000);
  deepEqual(poison, [1]);
  equal(group.status().shards[0]!.saved, group.status().shards[0]!.processed);
});
