import { deepStrictEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Archiver } from "../../src/archiver/mod.ts";
import { MemoryLedger } from "../../src/ledger/memory_ledger.ts";
import { readQuarantine } from "../../src/codec/mod.ts";
import { CheckpointError, KinesisError, ObjectStoreError } from "../../src/base/errors.ts";
import { RedeliveringKinesis, StrictKinesis } from "../support/odd_kinesis.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

Deno.test("Archiver archives every record once, and closes a file at the hour", async () => {
  const fixture = new Fixture(2);
  await fixture.put(100);
  const worker = fixture.start();
  await fixture.clock.advance(HOUR);
  deepStrictEqual(await fixture.archived(), fixture.expected);
  const [file] = await fixture.files();
  equal(file!.key, "20260101/clicks_prod-store-1767229200.tri");
  deepStrictEqual([...file!.manifest.shards.keys()].sort(), [...fixture.shards]);
  await worker.stop();
  equal((await fixture.files()).length, 1, "a file with no event is not written");
});

Deno.test("Archiver archives what it has read when it is told to stop, and goes on from there", async () => {
  const fixture = new Fixture(2);
  for (let run = 0; run < 5; run++) {
    await fixture.put(30);
    const worker = fixture.start();
    await fixture.clock.advance(7_000 + run * 1_111);
    await worker.stop();
  }
  deepStrictEqual(await fixture.archived(), fixture.expected);
  const checkpoints = await fixture.ledger.checkpoints();
  for (const { manifest } of (await fixture.files()).slice(-1)) {
    for (const [shardId, { last }] of manifest.shards) equal(checkpoints.get(shardId), last);
  }
});

Deno.test("Archiver links the files of a shard into a chain", async () => {
  const fixture = new Fixture(1);
  const worker = fixture.start({ rotateMs: MINUTE });
  for (let minute = 0; minute < 5; minute++) {
    await fixture.put(10);
    await fixture.clock.advance(MINUTE);
  }
  await worker.stop();
  const ranges = (await fixture.files()).map(({ manifest }) =>
    manifest.shards.get(fixture.shards[0]!)!
  );
  equal(ranges.length, 5);
  deepStrictEqual(
    ranges.map(({ previous }) => previous),
    [undefined, ...ranges.slice(0, -1).map(({ last }) => last)],
  );
});

Deno.test("Archiver closes a file when it is large enough", async () => {
  const fixture = new Fixture(1);
  await fixture.put(2_000);
  const worker = fixture.start({ maxSize: 4_000 });
  await fixture.clock.advance(10_000);
  ok((await fixture.files()).length > 2);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver uses a key once: on a clash the seconds move on by one", async () => {
  const fixture = new Fixture(1);
  const stranger = "20260101/clicks_prod-store-1767229200.tri";
  await fixture.store.put(stranger, new Uint8Array([1, 2, 3]));
  await fixture.put(3);
  const worker = fixture.start();
  await fixture.clock.advance(HOUR);
  await worker.stop();
  const [file] = await fixture.files();
  equal(file!.key, "20260101/clicks_prod-store-1767229201.tri");
  equal(file!.manifest.createdAt.getTime(), 1767229201_000);
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver does not try a key again that a file of its own has", async () => {
  const fixture = new Fixture(1);
  await fixture.put(2_000);
  const keys: string[] = [];
  const put = fixture.store.put.bind(fixture.store);
  fixture.store.put = (key, body, options) => {
    keys.push(key);
    return put(key, body, options);
  };
  const worker = fixture.start({ maxSize: 4_000 });
  await fixture.clock.advance(10_000);
  await worker.stop();
  const files = await fixture.files();
  ok(files.length > 2);
  const tried = keys.filter((key) => key.includes(STREAM));
  equal(tried.length, files.length, "one put a file");
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver puts a record that is not an event into quarantine", async () => {
  const fixture = new Fixture(1);
  await fixture.put(1);
  const data = new TextEncoder().encode('{"json": true}');
  await fixture.kinesis.putRecords(STREAM, [{ partitionKey: "bad", data }]);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  const [file] = await fixture.files();
  equal(file!.manifest.quarantined, 1);
  const bytes = await (await fixture.store.get(file!.key)).bytes();
  const records = [];
  for await (const record of readQuarantine(bytes)) records.push(record);
  equal(records.length, 1);
  deepStrictEqual([records[0]!.partitionKey, records[0]!.data], ["bad", data]);
});

Deno.test("Archiver reads parents to their end before children, through splits and merges", async () => {
  const fixture = new Fixture(2);
  const [left, right] = fixture.shards;
  const worker = fixture.start({ rotateMs: 10 * MINUTE });
  await fixture.put(50);
  const children = fixture.kinesis.splitShard(STREAM, left!);
  await fixture.put(50);
  fixture.kinesis.mergeShards(STREAM, children[1]!, right!);
  await fixture.put(50);
  await fixture.clock.advance(5 * MINUTE);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
  const perKey = new Map<number, number[]>();
  for (const { events } of await fixture.files()) {
    for (const number of events) {
      perKey.set(number % 16, [...perKey.get(number % 16) ?? [], number]);
    }
  }
  for (const numbers of perKey.values()) {
    deepStrictEqual(numbers, numbers.toSorted((a, b) => a - b), "order of a key is kept");
  }
});

Deno.test("Archiver reads a merged shard after both parents, also one that no listing told of", async () => {
  const fixture = new Fixture(3);
  const [first, second, third] = fixture.shards;
  const worker = fixture.start({ shards: [third!] });
  await fixture.clock.advance(5_000);
  await fixture.put(50);
  const merged = fixture.kinesis.mergeShards(STREAM, first!, second!);
  await fixture.put(50);
  const child = fixture.kinesis.mergeShards(STREAM, merged, third!);
  await fixture.put(50);
  await fixture.clock.advance(20_000);
  await worker.stop();
  const known = new Map((await fixture.ledger.shards()).map((shard) => [shard.shardId, shard]));
  equal(known.get(third!)?.state, "ended");
  deepStrictEqual(known.get(child)?.parents, [merged, third!]);
  equal(known.get(merged)?.state, "open", "or the child could be read before it");
  const again = fixture.start();
  await fixture.clock.advance(2 * MINUTE);
  await again.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver asks for shards that have ended no more often than it lists the stream's", async () => {
  const fixture = new Fixture(2);
  fixture.kinesis.splitShard(STREAM, fixture.shards[0]!);
  const worker = fixture.start();
  await fixture.clock.advance(2 * MINUTE);
  const asked: (string | undefined)[] = [];
  const shards = fixture.ledger.shards.bind(fixture.ledger);
  fixture.ledger.shards = (state) => {
    asked.push(state);
    return shards(state);
  };
  await fixture.clock.advance(10 * MINUTE);
  const all = asked.filter((state) => state === undefined).length;
  deepStrictEqual([all, asked.length > 20 * all], [10, true], `${asked.length} in all`);
  deepStrictEqual(new Set(asked), new Set([undefined, "open"]));
  await worker.stop();
});

Deno.test("Archivers share the shards of a stream evenly, and take over from one that stops", async () => {
  const fixture = new Fixture(4);
  const first = fixture.start({ rotateMs: 5 * MINUTE });
  await fixture.clock.advance(10_000);
  const second = fixture.start({ rotateMs: 5 * MINUTE });
  await fixture.put(40);
  await fixture.clock.advance(MINUTE);
  const owners = (await fixture.ledger.shards()).map(({ owner }) => owner);
  equal(new Set(owners).size, 2);
  deepStrictEqual(owners.filter((owner) => owner === owners[0]).length, 2);
  await first.stop();
  await fixture.put(40);
  await fixture.clock.advance(10_000);
  const left = (await fixture.ledger.shards()).map(({ owner }) => owner);
  equal(new Set(left).size, 1);
  await second.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver gives back a lease that it was given long after it had stopped asking", async () => {
  const fixture = new Fixture(3);
  const workers = [fixture.start(), fixture.start()];
  await fixture.clock.advance(30_000);
  const shards = await fixture.ledger.shards();
  const held = (name: string) => shards.filter(({ owner }) => owner === name);
  const owners = [...new Set(shards.map(({ owner }) => owner!))];
  const [more, less] = owners.sort((a, b) => held(b).length - held(a).length);
  // The one that has its share asked for this shard long ago, and now that takes effect.
  const [{ shardId }] = held(less!) as [typeof shards[0]];
  await fixture.ledger.release(less!, [shardId]);
  await fixture.ledger.acquire(shardId, more!, 20_000);
  await fixture.clock.advance(30_000);
  await fixture.put(30);
  await fixture.clock.advance(30_000);
  for (const worker of workers) await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver.run() begins at latest by a time that stays the same after a restart", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  await fixture.clock.advance(MINUTE);
  const worker = fixture.start({ from: { type: "latest" } });
  await fixture.clock.advance(5_000);
  await worker.stop();
  await fixture.put(5);
  const again = fixture.start({ from: { type: "latest" } });
  await fixture.clock.advance(5_000);
  await again.stop();
  deepStrictEqual(await fixture.archived(), [10, 11, 12, 13, 14]);
});

Deno.test("Archiver.run() passes over saved positions if asked to, and records the gap", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  await fixture.put(10);
  await fixture.clock.advance(MINUTE);
  const again = fixture.start({ skipToLatest: true });
  await fixture.clock.advance(5_000);
  await fixture.put(2);
  await fixture.clock.advance(5_000);
  await again.stop();
  deepStrictEqual(await fixture.archived(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 21]);
  const [gap] = await fixture.ledger.gaps();
  equal(gap!.reason, "skipped");
});

Deno.test("Archiver.run() knows nothing of what came since it passed over the rest", async () => {
  const fixture = new Fixture(1);
  const { clock } = fixture;
  // As a statement does that takes effect long after, when its worker is dead.
  fixture.ledger = new class extends MemoryLedger {
    override async reposition(...args: Parameters<MemoryLedger["reposition"]>): Promise<boolean> {
      await clock.sleep(10_000);
      return await super.reposition(...args);
    }
  }(STREAM, { clock });
  const startedAt = clock.now();
  const worker = fixture.start({ skipToLatest: true });
  await clock.advance(12_000);
  const { knownAt } = await fixture.ledger.position(fixture.shards[0]!);
  ok(knownAt.getTime() - startedAt < 5_000, knownAt.toISOString());
  await worker.stop();
});

Deno.test("Archiver takes over positions that an older Triton left", async () => {
  const fixture = new Fixture(2);
  await fixture.put(20);
  const seen = new Map();
  for (const shardId of fixture.shards.slice(0, 1)) {
    const iterator = await fixture.kinesis.getShardIterator(
      { stream: STREAM, shardId },
      { type: "trim-horizon" },
    );
    const { records } = await fixture.kinesis.getRecords(iterator);
    seen.set(shardId, records[4]!.sequenceNumber);
  }
  fixture.ledger = new MemoryLedger(STREAM, { clock: fixture.clock, checkpoints: seen });
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  equal((await fixture.archived()).length, 15);
  const manifest = (await fixture.files())[0]!.manifest;
  equal(manifest.shards.get(fixture.shards[0]!)!.previous, seen.get(fixture.shards[0]!));
});

Deno.test("Archiver records a gap in shards that an older Triton did not follow to", async () => {
  const fixture = new Fixture(1);
  const [parent] = fixture.shards;
  await fixture.put(5);
  const iterator = await fixture.kinesis.getShardIterator(
    { stream: STREAM, shardId: parent! },
    { type: "trim-horizon" },
  );
  const { records } = await fixture.kinesis.getRecords(iterator);
  const checkpoints = new Map([[parent!, records.at(-1)!.sequenceNumber]]);
  fixture.ledger = new MemoryLedger(STREAM, { clock: fixture.clock, checkpoints });
  await fixture.clock.advance(HOUR);
  const children = fixture.kinesis.splitShard(STREAM, parent!);
  await fixture.put(10);
  await fixture.clock.advance(30 * HOUR);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(30_000);
  await worker.stop();
  equal((await fixture.archived()).length, 10, "the stream has dropped the others");
  const gaps = (await fixture.ledger.gaps()).map(({ shardId, reason }) => [shardId, reason]);
  for (const child of children) ok(gaps.some((gap) => gap[0] === child && gap[1] === "retention"));
});

Deno.test("Archiver records a gap when the stream dropped records before they were archived", async () => {
  const fixture = new Fixture(1);
  await fixture.dropUnread();
  const again = fixture.start();
  await fixture.clock.advance(5_000);
  await again.stop();
  const [gap] = await fixture.ledger.gaps();
  equal(gap!.reason, "retention");
  ok(gap!.after !== undefined);
  equal((await fixture.archived()).length, 20);
});

Deno.test("Archiver records a gap also when it lagged behind before it stopped", async () => {
  const fixture = new Fixture(1);
  for (let hour = 0; hour < 10; hour++) {
    await fixture.put(10);
    await fixture.clock.advance(HOUR);
  }
  // It gets no further than the first hour, though what it has is saved much later.
  const worker = fixture.start({ limit: 5, maxMemory: 100, maxSize: 50 });
  await fixture.clock.advance(300);
  await worker.stop();
  ok((await fixture.archived()).length <= 20);
  await fixture.clock.advance(20 * HOUR);
  const again = fixture.start();
  await fixture.clock.advance(5_000);
  await again.stop();
  ok((await fixture.archived()).length < 100, "the stream has dropped some");
  equal((await fixture.ledger.gaps())[0]?.reason, "retention");
});

Deno.test("Archiver records a gap when the retention is shortened while it lags behind", async () => {
  const fixture = new Fixture(1);
  fixture.kinesis.setRetention(STREAM, 48);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  await fixture.put(10);
  await fixture.clock.advance(25 * HOUR);
  const again = fixture.start({ limit: 1 });
  await fixture.clock.advance(300);
  fixture.kinesis.setRetention(STREAM, 24);
  await fixture.put(5);
  await fixture.clock.advance(5_000);
  await again.stop();
  const archived = await fixture.archived();
  ok(archived.length > 15 && archived.length < 25, `${archived}`);
  const [gap] = await fixture.ledger.gaps();
  equal(gap!.reason, "retention");
});

Deno.test("Archiver closes a file in mid-batch without taking the rest of it for known", async () => {
  const fixture = new Fixture(1);
  await fixture.put(1);
  await fixture.clock.advance(20 * HOUR);
  await fixture.put(9);
  const known: (Date | undefined)[] = [];
  const intend = fixture.ledger.intend.bind(fixture.ledger);
  fixture.ledger.intend = (intent, replaces) => {
    known.push(...intent.ranges.map(({ knownAt }) => knownAt));
    return intend(intent, replaces);
  };
  const worker = fixture.start({ maxSize: 1 });
  await fixture.clock.advance(5_000);
  await worker.stop();
  deepStrictEqual(known[0], new Date(Date.UTC(2026, 0, 1)), "when its last record arrived");
});

Deno.test("Archiver records what a child lost before anybody knew of it", async () => {
  const fixture = new Fixture(1);
  await fixture.put(5);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  const children = fixture.kinesis.splitShard(STREAM, fixture.shards[0]!);
  await fixture.put(32);
  await fixture.clock.advance(25 * HOUR);
  await fixture.put(32);
  const again = fixture.start();
  await fixture.clock.advance(2 * MINUTE);
  await again.stop();
  equal((await fixture.archived()).length, 5 + 32);
  const gaps = await fixture.ledger.gaps();
  deepStrictEqual(
    gaps.map(({ shardId, reason }) => `${shardId} ${reason}`).sort(),
    [`${fixture.shards[0]} expired`, ...children.map((id) => `${id} retention`)],
  );
});

Deno.test("Archiver records as a gap a shard that came and went while nobody looked", async () => {
  const fixture = new Fixture(1);
  await fixture.put(5);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  const [child, other] = fixture.kinesis.splitShard(STREAM, fixture.shards[0]!);
  await fixture.put(32);
  fixture.kinesis.mergeShards(STREAM, child!, other!);
  await fixture.clock.advance(25 * HOUR);
  const again = fixture.start();
  await fixture.clock.advance(MINUTE);
  await again.stop();
  const gone = (await fixture.ledger.gaps()).filter(({ reason }) => reason === "expired");
  deepStrictEqual(gone.map(({ shardId }) => shardId).sort(), [fixture.shards[0], child, other]);
});

Deno.test("Archiver records no gap for shards that were split twice in a row", async () => {
  const fixture = new Fixture(1);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  const [child] = fixture.kinesis.splitShard(STREAM, fixture.shards[0]!);
  fixture.kinesis.splitShard(STREAM, child!);
  await fixture.put(32);
  await fixture.clock.advance(2 * MINUTE);
  await worker.stop();
  deepStrictEqual(await fixture.ledger.gaps(), []);
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver records no gap after a record that is just as old as records become", async () => {
  const fixture = new Fixture(1);
  await fixture.put(1);
  await fixture.clock.advance(HOUR);
  await fixture.put(1);
  // The second answer comes 200 ms after the first.
  await fixture.clock.advance(23 * HOUR - 200);
  const worker = fixture.start({ limit: 1 });
  await fixture.clock.advance(5_000);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
  deepStrictEqual(await fixture.ledger.gaps(), []);
});

Deno.test("Archiver records no gap for a shard on which nothing arrives", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  const worker = fixture.start({ pollIntervalMs: MINUTE });
  await fixture.clock.advance(30 * HOUR);
  await worker.stop();
  const again = fixture.start();
  await fixture.put(10);
  await fixture.clock.advance(5_000);
  await again.stop();
  deepStrictEqual(await fixture.ledger.gaps(), []);
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver.run() refuses a stream that was deleted and created again", async () => {
  const fixture = new Fixture(1);
  await fixture.put(1);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  fixture.kinesis.deleteStream(STREAM);
  await fixture.clock.advance(5_000);
  fixture.kinesis.createStream(STREAM, 1);
  const again = fixture.start();
  await fixture.clock.advance(5_000);
  await rejects(again.done, (error) => {
    ok(error instanceof CheckpointError);
    return error.code === "StreamRecreated";
  });
});

Deno.test("Archiver refuses a client whose name no archive's key can hold, before it reads", () => {
  const { kinesis, store, clock } = new Fixture();
  const ledger = new MemoryLedger(STREAM, { client: "my-client", clock });
  throws(() => new Archiver({ kinesis, store, ledger, clock }), {
    name: "TypeError",
    message: /client "my-client"/,
  });
});

Deno.test("Archiver.run() fails for a stream that is not there", async () => {
  const fixture = new Fixture(1);
  fixture.kinesis.deleteStream(STREAM);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await rejects(worker.done, KinesisError);
});

Deno.test("Archiver refuses shards whose archive is ahead of the database, or mends them", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  await worker.stop();
  fixture.ledger = new MemoryLedger(STREAM, { clock: fixture.clock });
  const behind = fixture.start();
  await fixture.clock.advance(5_000);
  await rejects(behind.done, /goes further than the database knows.*checkpoint recover/);
  await fixture.put(3);
  const mended = fixture.start({ recover: true });
  await fixture.clock.advance(30_000);
  await mended.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver.run() stops when it is told to, also while Kinesis cannot be reached", async () => {
  const fixture = new Fixture(1);
  const unreachable = new KinesisError("Cannot reach Kinesis", {
    code: "ECONNREFUSED",
    retryable: true,
  });
  fixture.kinesis.describeStream = () => Promise.reject(unreachable);
  const worker = fixture.start();
  await fixture.clock.advance(10 * MINUTE);
  await worker.stop();
});

Deno.test("Archiver.run() archives what it has read before it stops, however long S3 is down", async () => {
  const fixture = new Fixture(1);
  await fixture.put(10);
  const worker = fixture.start();
  await fixture.clock.advance(5_000);
  const put = fixture.store.put.bind(fixture.store);
  const until = fixture.clock.now() + 10 * MINUTE;
  fixture.store.put = (...args) =>
    fixture.clock.now() < until
      ? Promise.reject(new ObjectStoreError("Slow down", { code: "SlowDown", retryable: true }))
      : put(...args);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
  ok(fixture.clock.now() >= until);
});

Deno.test("Archiver leaves out records that are delivered again, also after a restart", async () => {
  const fixture = new Fixture(2, RedeliveringKinesis);
  for (let restarts = 0; restarts < 3; restarts++) {
    const worker = fixture.start();
    for (let round = 0; round < 3; round++) {
      await fixture.put(10);
      await fixture.clock.advance(5_000);
    }
    await worker.stop();
  }
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver records a gap where Kinesis refuses a position that is past the retention", async () => {
  const fixture = new Fixture(1, StrictKinesis);
  await fixture.dropUnread();
  const again = fixture.start();
  await fixture.clock.advance(5_000);
  await again.stop();
  const [gap, ...others] = await fixture.ledger.gaps();
  deepStrictEqual([gap?.reason, others], ["retention", []]);
  deepStrictEqual(await fixture.archived(), fixture.expected.filter((n) => n < 10 || n >= 20));
});
