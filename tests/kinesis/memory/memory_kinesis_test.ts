import { deepEqual, equal, notEqual, ok, rejects, throws } from "node:assert/strict";
import { VirtualClock } from "../../../src/base/clock.ts";
import { KinesisError, MemoryKinesis, type StartPosition } from "../../../src/kinesis/mod.ts";
import type { SequenceNumber, ShardId } from "../../../src/base/record.ts";

const TRIM_HORIZON: StartPosition = { type: "trim-horizon" };
const HOUR_MS = 3_600_000;

function entry(value: number, partitionKey = "a") {
  return { partitionKey, data: new Uint8Array([value]) };
}

/** A stream "s" of one shard, and short ways to use it. */
function setUp(options: ConstructorParameters<typeof MemoryKinesis>[0] = {}) {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock, ...options });
  const shardId = kinesis.createStream("s")[0]!;
  const open = (position = TRIM_HORIZON, id: ShardId = shardId) =>
    kinesis.getShardIterator({ stream: "s", shardId: id }, position);
  const values = async (position = TRIM_HORIZON) =>
    (await kinesis.getRecords(await open(position))).records.map(({ data }) => data[0]);
  return { clock, kinesis, shardId, open, values };
}

function hasCode(code: string, retryable = false) {
  return (error: unknown) =>
    error instanceof KinesisError && error.code === code && error.retryable === retryable;
}

Deno.test("MemoryKinesis gives numbers of 56 digits that grow and are not contiguous", async () => {
  const { kinesis } = setUp();
  const results = await kinesis.putRecords("s", Array.from({ length: 50 }, (_, i) => entry(i)));
  const numbers = results.map((result) => result.ok ? result.sequenceNumber : "");
  ok(numbers.every((number) => /^\d{56}$/.test(number)));
  deepEqual(numbers, [...numbers].sort());
  const steps = numbers.slice(1).map((number, i) => BigInt(number) - BigInt(numbers[i]!));
  ok(new Set(steps).size > 1);
});

Deno.test("MemoryKinesis refuses an iterator after five minutes of the clock", async () => {
  const { clock, kinesis, open } = setUp();
  const iterator = await open();
  await clock.advance(300_000);
  await kinesis.getRecords(iterator);
  await clock.advance(1);
  await rejects(() => kinesis.getRecords(iterator), hasCode("ExpiredIteratorException"));
});

Deno.test("MemoryKinesis drops records, and closed shards, after the retention", async () => {
  const { clock, kinesis, shardId, open, values } = setUp();
  await kinesis.putRecords("s", [entry(1)]);
  await clock.advance(12 * HOUR_MS);
  await kinesis.putRecords("s", [entry(2)]);
  kinesis.splitShard("s", shardId);
  await clock.advance(12 * HOUR_MS);
  deepEqual(await values(), [1, 2]);
  await clock.advance(1);
  deepEqual(await values(), [2]);
  await clock.advance(12 * HOUR_MS);
  await rejects(() => open(), hasCode("ResourceNotFoundException"));
  equal((await Array.fromAsync(kinesis.listShards("s"))).length, 2);
  equal((await Array.fromAsync(kinesis.listShards("s")))[0]!.parents[0], shardId);
});

Deno.test("MemoryKinesis reads on after a record that retention has dropped", async () => {
  const { clock, kinesis, values } = setUp();
  const [result] = await kinesis.putRecords("s", [entry(1)]);
  await clock.advance(20 * HOUR_MS);
  await kinesis.putRecords("s", [entry(2)]);
  await clock.advance(20 * HOUR_MS);
  ok(result?.ok);
  deepEqual(await values({ type: "after", sequenceNumber: result.sequenceNumber }), [2]);
});

Deno.test("MemoryKinesis keeps records for as long as setRetention() says", async () => {
  const { clock, kinesis, values } = setUp();
  kinesis.setRetention("s", 48);
  await kinesis.putRecords("s", [entry(1)]);
  await clock.advance(47 * HOUR_MS);
  deepEqual(await values(), [1]);
  equal((await kinesis.describeStream("s")).retentionHours, 48);
});

Deno.test("MemoryKinesis tells how far a batch is behind by its clock", async () => {
  const { clock, kinesis, open } = setUp();
  await kinesis.putRecords("s", [entry(1), entry(2)]);
  await clock.advance(5_000);
  const first = await kinesis.getRecords(await open(), { limit: 1 });
  equal(first.millisBehindLatest, 5_000);
  equal((await kinesis.getRecords(first.nextIterator!)).millisBehindLatest, 0);
});

Deno.test("MemoryKinesis returns 10,000 records or 10 MiB at most", async () => {
  const { kinesis, open } = setUp();
  const large = { partitionKey: "a", data: new Uint8Array(2 ** 20 - 1) };
  for (let i = 0; i < 3; i++) await kinesis.putRecords("s", [large, large, large, large]);
  equal((await kinesis.getRecords(await open())).records.length, 10);
  await rejects(
    async () => kinesis.getRecords(await open(), { limit: 10_001 }),
    hasCode("InvalidArgumentException"),
  );
});

Deno.test("MemoryKinesis limits reads of a shard, where it is told to", async () => {
  const { clock, kinesis, open } = setUp({ readsPerSecond: 2 });
  const iterator = await open();
  await kinesis.getRecords(iterator);
  await kinesis.getRecords(iterator);
  const throttled = hasCode("ProvisionedThroughputExceededException", true);
  await rejects(() => kinesis.getRecords(iterator), throttled);
  await clock.advance(1_000);
  await kinesis.getRecords(iterator);
});

Deno.test("MemoryKinesis limits puts record by record, where it is told to", async () => {
  const { kinesis, values } = setUp({ putsPerSecond: 2 });
  const results = await kinesis.putRecords("s", [entry(1), entry(2), entry(3)]);
  deepEqual(results.map(({ ok }) => ok), [true, true, false]);
  const refused = results[2]!;
  equal(refused.ok ? "" : refused.code, "ProvisionedThroughputExceededException");
  deepEqual(await values(), [1, 2]);
});

Deno.test("MemoryKinesis.intercept makes requests fail before or after their effect", async () => {
  for (const [failing, expected] of [["before", []], ["after", [1]]] as const) {
    const lost = new Error("lost");
    const calls: unknown[] = [];
    const { kinesis, values } = setUp({
      intercept(operation, args, phase) {
        calls.push([operation, args[0], phase]);
        if (operation === "putRecords" && phase === failing) throw lost;
      },
    });
    await rejects(() => kinesis.putRecords("s", [entry(1)]), lost);
    deepEqual(calls.at(-1), ["putRecords", "s", failing]);
    deepEqual(await values(), expected);
  }
});

Deno.test("MemoryKinesis splits and merges only what can be", () => {
  const { kinesis, shardId } = setUp();
  const [low, high] = kinesis.splitShard("s", shardId);
  throws(() => kinesis.splitShard("s", shardId), hasCode("InvalidArgumentException"));
  const [, upper] = kinesis.splitShard("s", high!);
  const apart = () => kinesis.mergeShards("s", low!, upper!);
  throws(apart, hasCode("InvalidArgumentException"));
});

Deno.test("MemoryKinesis merges neighbours in either order into one that takes their keys", async () => {
  const { kinesis, shardId } = setUp();
  const [low, high] = kinesis.splitShard("s", shardId);
  const merged = kinesis.mergeShards("s", high!, low!);
  const keys = Array.from({ length: 20 }, (_, i) => entry(i, `key ${i}`));
  const results = await kinesis.putRecords("s", keys);
  ok(results.every((result) => result.ok && result.shardId === merged));
});

Deno.test("MemoryKinesis does not take positions of a deleted stream for those of its successor", async () => {
  const { clock, kinesis, shardId, open } = setUp();
  const before = await kinesis.describeStream("s");
  const [result] = await kinesis.putRecords("s", [entry(1)]);
  kinesis.deleteStream("s");
  await rejects(() => kinesis.describeStream("s"), hasCode("ResourceNotFoundException"));
  await clock.advance(60_000);
  deepEqual(kinesis.createStream("s"), [shardId]);
  notEqual((await kinesis.describeStream("s")).createdAt.getTime(), before.createdAt.getTime());
  const sequenceNumber = (result!.ok ? result!.sequenceNumber : "") as SequenceNumber;
  await rejects(
    () => open({ type: "after", sequenceNumber }),
    hasCode("InvalidArgumentException"),
  );
});

Deno.test("MemoryKinesis keeps its own copy of what is put", async () => {
  const { kinesis, values } = setUp();
  const mine = entry(1);
  await kinesis.putRecords("s", [mine]);
  mine.data[0] = 9;
  deepEqual(await values(), [1]);
});
