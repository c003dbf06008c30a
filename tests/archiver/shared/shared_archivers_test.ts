import { deepEqual, equal, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Clock, mulberry32 } from "../../../src/base/clock.ts";
import { rotationOffset } from "../../../src/archiver/files/rotation.ts";
import { KinesisError } from "../../../src/base/errors.ts";
import { parseArchiveKey } from "../../../src/codec/mod.ts";
import { verifyArchive } from "../../../src/archive/mod.ts";
import { FailingStore, type HostedStream, SharedWorld } from "./shared_fixture.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A partition key of one of so many shards. */
function keyOf(shard: number, shards: number): string {
  for (let n = 0;; n++) {
    const hash = createHash("md5").update(`key${n}`).digest();
    if (Math.floor(hash[0]! * shards / 256) === shard) return `key${n}`;
  }
}

/** Each record is in the archive once, and the chain of files has no break. */
async function requireExact(stream: HostedStream, clock: Clock, seed = 0): Promise<void> {
  deepEqual(await stream.archived(), stream.expected, `${stream.name} of world ${seed}`);
  deepEqual(await stream.ledger.gaps(), [], stream.name);
  const { problems } = await verifyArchive(stream.store, { stream: stream.name, clock });
  deepEqual(problems, [], stream.name);
}

Deno.test("Archiver keeps its share while its bucket is down, and archives each record once", async () => {
  // Two requests, since who waits for memory must leave them to others.
  const world = new SharedWorld({ maxMemory: 100_000, requests: 2 });
  const [down, well] = [world.add("down", { shards: 3 }).start(), world.add("well").start()];
  down.store.isDown = true;
  await down.put(600);
  await world.clock.advance(20_000);
  ok(down.buffered > 70_000, `${down.buffered} bytes of it`);
  for (let round = 0; round < 5; round++) {
    await well.put(400);
    await down.put(20);
    await world.clock.advance(20_000);
  }
  ok(down.buffered < 50_000 + 5_000, `${down.buffered} bytes of it`);
  deepEqual(await down.archived(), []);
  ok((await well.archived()).length > 1_000);
  down.store.isDown = false;
  await world.clock.advance(5 * MINUTE);
  await down.stop();
  await well.stop();
  await requireExact(down, world.clock);
  await requireExact(well, world.clock);
  equal(world.shared.memory.buffered, 0);
});

Deno.test("Archiver closes files at the interval, and of several streams at times of their own", async () => {
  const world = new SharedWorld({});
  const options = { rotateMs: HOUR, pollIntervalMs: MINUTE };
  const alone = world.add("a", options).start();
  const closedAt = async ({ store }: HostedStream) => {
    const keys: number[] = [];
    for await (const { key } of store.list("2")) keys.push(parseArchiveKey(key).createdAt % 3_600);
    return keys.at(-1)!;
  };
  await alone.put(1);
  await world.clock.advance(HOUR + 2 * MINUTE);
  equal(await closedAt(alone), 0);
  const streams = [alone, ...["b", "c"].map((name) => world.add(name, options).start())];
  await world.clock.advance(HOUR);
  for (const stream of streams) await stream.put(1);
  await world.clock.advance(HOUR);
  const times = await Promise.all(streams.map(closedAt));
  deepEqual(times, ["a", "b", "c"].map((name) => Math.floor(rotationOffset(name, HOUR) / 1_000)));
  equal(new Set(times).size, 3);
  for (const stream of streams) await stream.stop();
});

Deno.test("Archiver reads a shard to its end again if its records were dropped before they were archived", async () => {
  const world = new SharedWorld({ maxMemory: 100_000 });
  const down = world.add("down", { shards: 2, rotateMs: MINUTE }).start();
  const well = world.add("well").start();
  down.store.isDown = true;
  await down.put(1, 100, keyOf(1, 2));
  await world.clock.advance(2 * MINUTE); // its file is being uploaded, and cannot be dropped
  await down.put(400, 100, keyOf(0, 2));
  down.split();
  await world.clock.advance(10_000);
  await well.put(500);
  await world.clock.advance(10_000);
  ok(down.buffered < 1_000, "what was read of the shard that ended is dropped");
  down.store.isDown = false;
  await down.put(10);
  await world.clock.advance(5 * MINUTE);
  await down.stop();
  await well.stop();
  await requireExact(down, world.clock);
});

Deno.test("Archiver does not keep its requests while it waits for memory: other streams read", async () => {
  const world = new SharedWorld({ maxMemory: 12_000, requests: 2, kinesisMs: 100 });
  const backlog = world.add("backlog", { shards: 6, limit: 5, putMs: HOUR }).start();
  const live = world.add("live").start();
  await backlog.put(600);
  await world.clock.advance(10_000);
  const { buffered } = backlog;
  ok(buffered > 7_000, `${buffered} bytes`);
  await live.put(1);
  await world.clock.advance(5_000);
  equal(live.archiver.status().openFile?.events, 1);
  ok(backlog.buffered < buffered + 1_000, "memory is full for it");
  backlog.store.putMs = 50;
  await world.clock.advance(2 * HOUR);
  await backlog.stop();
  await live.stop();
  await requireExact(backlog, world.clock);
});

Deno.test("Archiver leaves its requests to a stream that comes while it waits for memory alone", async () => {
  const world = new SharedWorld({ maxMemory: 12_000, requests: 2, kinesisMs: 100 });
  const down = world.add("down", { shards: 6, limit: 5 }).start();
  down.store.isDown = true;
  await down.put(600);
  await world.clock.advance(10_000);
  ok(down.buffered > 9_000, `${down.buffered} bytes: memory is full`);
  const live = world.add("live").start();
  await live.put(1);
  await world.clock.advance(5_000);
  equal(live.archiver.status().openFile?.events, 1);
  down.store.isDown = false;
  await world.clock.advance(HOUR);
  await down.stop();
  await live.stop();
  await requireExact(down, world.clock);
  await requireExact(live, world.clock);
});

Deno.test("Archiver waits for no upload that waits for a bucket which does not respond", async () => {
  const world = new SharedWorld({ maxMemory: 40_000 });
  const silent = new FailingStore(world.clock, MINUTE);
  silent.isDown = true;
  const others = Array.from(
    { length: 12 },
    (_, n) => world.add(`down${n + 10}`, { store: silent, rotateMs: MINUTE }).start(),
  );
  const live = world.add("live", { rotateMs: MINUTE }).start();
  await world.clock.advance(10_000);
  for (const stream of others) await stream.put(40);
  await world.clock.advance(90_000);
  equal(silent.running, 2, "four attempts have failed, and more files wait for a slot");
  ok(world.shared.uploads.waiting > 1);
  await live.put(100);
  await world.clock.advance(30_000);
  deepEqual(await live.archived(), live.expected);
  [silent.isDown, silent.putMs] = [false, 50];
  await world.clock.advance(HOUR);
  for (const stream of [live, ...others]) await stream.stop();
  for (const stream of [live, ...others]) await requireExact(stream, world.clock);
});

Deno.test("Archivers leave half of the uploads to others if their bucket fails, whatever folder of it each has", async () => {
  const world = new SharedWorld({});
  const silent = Array.from({ length: 6 }, (_, n) => {
    const store = new FailingStore(world.clock, MINUTE);
    store.isDown = true;
    Object.assign(store, { identity: `s3://bucket/folder${n}` });
    return world.add(`silent${n}`, { store, rotateMs: MINUTE }).start();
  });
  await world.clock.advance(1_000);
  for (const stream of silent) await stream.put(1);
  await world.clock.advance(4 * MINUTE);
  equal(silent.reduce((sum, { store }) => sum + store.running, 0), 2);
  for (const { store } of silent) [store.isDown, store.putMs] = [false, 50];
  for (const stream of silent) await stream.stop();
  for (const stream of silent) await requireExact(stream, world.clock);
});

Deno.test("Archiver reads a stream in time while Kinesis does not respond for others", async () => {
  const world = new SharedWorld({ requests: 2, kinesisMs: 20 });
  const { kinesis, clock } = world;
  const options = { shards: 2, pollIntervalMs: 1_000 };
  const silent = Array.from({ length: 6 }, (_, n) => world.add(`silent${n}`, options).start());
  const live = world.add("live").start();
  await clock.advance(10_000);
  const getRecords = kinesis.getRecords.bind(kinesis);
  kinesis.getRecords = async (iterator, request = {}) => {
    if (request.shard?.stream === "live") return await getRecords(iterator, request);
    await clock.sleep(30_000, request.signal);
    throw new KinesisError("no answer", { code: "TimeoutError", retryable: true });
  };
  await clock.advance(5 * MINUTE);
  await live.put(1);
  await clock.advance(5_000);
  equal(live.archiver.status().openFile?.events, 1);
  for (const stream of [live, ...silent]) await stream.stop();
});

Deno.test("Archiver records a gap if the stream drops what it dropped from memory", async () => {
  const world = new SharedWorld({ maxMemory: 100_000 });
  const { clock } = world;
  const options = { rotateMs: HOUR, pollIntervalMs: MINUTE };
  const down = world.add("down", { ...options, shards: 2 }).start();
  const well = world.add("well", options).start();
  down.store.isDown = true;
  const [first, second] = [keyOf(0, 2), keyOf(1, 2)];
  await down.put(1, 100, first);
  await clock.advance(2 * HOUR); // its file is being uploaded, and cannot be dropped
  await down.put(400, 100, second);
  await clock.advance(23 * HOUR);
  ok(down.buffered > 40_000, "all is in memory, as of now");
  await well.put(500);
  await clock.advance(HOUR);
  ok(down.buffered < 1_000, "what was read of the second shard is dropped");
  await clock.advance(HOUR);
  await down.put(1, 100, second);
  down.store.isDown = false;
  await clock.advance(HOUR);
  await down.stop();
  await well.stop();
  deepEqual(await down.archived(), [0, 401]);
  const gaps = await down.ledger.gaps();
  deepEqual(gaps.map(({ shardId, reason }) => [shardId.slice(-1), reason]), [["1", "retention"]]);
});

async function anyUnarchived(streams: readonly HostedStream[]): Promise<boolean> {
  for (const stream of streams) {
    if ((await stream.archived()).length < stream.expected.length) return true;
  }
  return false;
}

Deno.test("Archiver of several streams archives each record once, whatever bucket is down when", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const random = mulberry32(seed);
    const pick = <T>(...choices: T[]) => choices[Math.floor(random() * choices.length)]!;
    const world = new SharedWorld({ maxMemory: pick(300, 3_000, 20_000) }, seed);
    const common = new FailingStore(world.clock, 100);
    const streams = Array.from({ length: 5 }, (_, n) =>
      world.add(`s${n}`, {
        shards: 1 + n % 3,
        store: pick(common, undefined),
        rotateMs: pick(10_000, MINUTE),
        limit: pick(3, 10_000),
        maxSize: pick(500, 5_000, 2 ** 25),
        putMs: pick(0, 50, 1_000),
      }).start());
    for (let step = 0; step < 30; step++) {
      const stream = pick(...streams);
      await stream.put(pick(1, 10, 200), pick(10, 100));
      if (random() < 0.3) stream.store.isDown = !stream.store.isDown;
      if (random() < 0.1) stream.split();
      await world.clock.advance(pick(0, 500, 5_000, 30_000));
    }
    for (const { store } of streams) store.isDown = false;
    for (let round = 0; round < 30 && await anyUnarchived(streams); round++) {
      await world.clock.advance(10 * MINUTE);
    }
    for (const stream of streams) await stream.stop();
    for (const stream of streams) await requireExact(stream, world.clock, seed);
    ok(common.most <= 4, `${common.most} uploads at once`);
    deepEqual([world.shared.memory.streams, world.shared.memory.buffered], [0, 0]);
  }
});
