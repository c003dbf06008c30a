import { deepEqual, equal, ok } from "node:assert/strict";
import type { GetRecordsOptions, RecordBatch } from "../../src/kinesis/mod.ts";
import type { ShardId } from "../../src/base/record.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

const MINUTE = 60_000;

/**
 * Makes each answer of Kinesis take a minute on its way back; returns when Kinesis read the shard
 * for the last answer that came back.
 */
function withSlowAnswers({ kinesis, clock }: Fixture): ReadonlyMap<ShardId, number> {
  const readAt = new Map<ShardId, number>();
  const getRecords = kinesis.getRecords.bind(kinesis);
  kinesis.getRecords = async (
    iterator: string,
    options: GetRecordsOptions = {},
  ): Promise<RecordBatch> => {
    const batch = await getRecords(iterator, options);
    const now = clock.now();
    await clock.sleep(MINUTE, options.signal);
    readAt.set(options.shard!.shardId, now);
    return batch;
  };
  return readAt;
}

Deno.test("Archiver knows a shard as of when Kinesis read it, however long the answer took", async () => {
  const fixture = new Fixture(1);
  const [shardId] = fixture.shards;
  const readAt = withSlowAnswers(fixture);
  const worker = fixture.start({ rotateMs: MINUTE / 2 });
  for (let n = 0; n < 20; n++) {
    if (n % 4 === 0) await fixture.put(5);
    await fixture.clock.advance(MINUTE / 3);
    if (!readAt.has(shardId!)) continue;
    const { knownAt } = await fixture.ledger.position(shardId!);
    ok(knownAt.getTime() <= readAt.get(shardId!)!, `known at ${knownAt.toISOString()}`);
  }
  await worker.stop();
  const { knownAt } = await fixture.ledger.position(shardId!);
  ok(knownAt.getTime() <= readAt.get(shardId!)!, `known at ${knownAt.toISOString()} at the end`);
});

Deno.test("Archiver knows children as of when their parent was open, not of its last answer", async () => {
  const fixture = new Fixture(1);
  const [parent] = fixture.shards;
  const { kinesis, clock, store } = fixture;
  // The bucket takes nothing for half a minute, so that reading waits for memory.
  const isBack = Promise.withResolvers<void>();
  const put = store.put.bind(store);
  store.put = async (key, body, options) => {
    if (key.includes(STREAM)) await isBack.promise;
    return await put(key, body, options);
  };
  await fixture.put(1_000);
  const worker = fixture.start({ limit: 500, maxMemory: 4_000 });
  await clock.advance(10_000);
  const splitAt = clock.now();
  const children = kinesis.splitShard(STREAM, parent!);
  await clock.advance(20_000);
  // Nothing is read of the children: no more is known of them than their parent tells.
  const begun = new Set<ShardId>();
  const getIterator = kinesis.getShardIterator.bind(kinesis);
  kinesis.getShardIterator = async (shard, position, options) => {
    if (shard.shardId === parent) return await getIterator(shard, position, options);
    begun.add(shard.shardId);
    return await aborted(options!.signal!);
  };
  isBack.resolve();
  await clock.advance(10_000);
  deepEqual(begun, new Set(children));
  for (const child of children) {
    const { knownAt } = await fixture.ledger.position(child);
    ok(knownAt.getTime() <= splitAt, `${child} is known at ${knownAt.toISOString()}`);
  }
  await worker.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver confirms nothing of a shard whose records wait to be archived", async () => {
  const fixture = new Fixture(2);
  const { clock, ledger } = fixture;
  // The database takes ten seconds for each confirmation, while which more arrives.
  const confirmed: { shardId: ShardId; knownAt: number }[] = [];
  const confirm = ledger.confirm.bind(ledger);
  ledger.confirm = async (shardId, epoch, checkpoint, knownAt) => {
    confirmed.push({ shardId, knownAt: knownAt!.getTime() });
    await clock.sleep(10_000);
    return await confirm(shardId, epoch, checkpoint, knownAt);
  };
  const worker = fixture.start({ rotateMs: MINUTE });
  await clock.advance(MINUTE + 2_000);
  equal(confirmed.length, 1, "the first shard is being confirmed");
  const arrivedAt = clock.now();
  await fixture.put(16); // to both shards
  await clock.advance(30_000);
  for (const { shardId, knownAt } of confirmed.slice(1)) {
    ok(knownAt < arrivedAt, `${shardId} is confirmed until ${new Date(knownAt).toISOString()}`);
  }
  await worker.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});

/** Rejects when a signal is aborted. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
