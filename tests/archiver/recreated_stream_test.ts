import { deepEqual, equal, rejects } from "node:assert/strict";
import { Fixture, STREAM } from "./archiver_fixture.ts";

const MINUTE = 60_000;
const RECREATED = { name: "CheckpointError", code: "StreamRecreated" };

/** A worker that has read ten records when its stream is deleted and created again between two polls. */
async function recreate(fixture: Fixture, options: Parameters<Fixture["start"]>[0] = {}) {
  const worker = fixture.start(options);
  await fixture.clock.advance(5_000);
  await fixture.put(10);
  await fixture.clock.advance(2_000);
  fixture.kinesis.deleteStream(STREAM);
  fixture.kinesis.createStream(STREAM, 1);
  return worker;
}

Deno.test("Archiver archives what it read of a stream, and nothing of another one of that name", async () => {
  const fixture = new Fixture();
  const worker = await recreate(fixture);
  await worker.stop().then(() => {}, () => {});
  await rejects(worker.done, RECREATED);
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver leaves out what is of another stream of that name, before it lists shards again", async () => {
  const fixture = new Fixture();
  const worker = await recreate(fixture, { rotateMs: 10_000 });
  await fixture.clock.advance(MINUTE / 6);
  await fixture.put(5);
  const before = fixture.clock.now();
  await fixture.clock.advance(15_000);
  await rejects(worker.done, RECREATED);
  equal(fixture.clock.now() - before < MINUTE, true);
  deepEqual(await fixture.archived(), fixture.expected.slice(0, 10));
});

Deno.test("Archiver ends no shard of a stream that was created again with fewer shards", async () => {
  const fixture = new Fixture(2);
  const worker = fixture.start();
  await fixture.put(10);
  await fixture.clock.advance(10_000);
  fixture.kinesis.deleteStream(STREAM);
  fixture.kinesis.createStream(STREAM, 1);
  await fixture.clock.advance(5_000);
  await rejects(worker.done, RECREATED);
  deepEqual((await fixture.ledger.shards()).map(({ state }) => state), ["open", "open"]);
  deepEqual(await fixture.ledger.gaps(), []);
});

Deno.test("Archiver puts its files while Kinesis does not answer", async () => {
  const fixture = new Fixture();
  const { kinesis, clock } = fixture;
  const worker = fixture.start({ rotateMs: 20_000 });
  await fixture.put(5);
  await clock.advance(10_000);
  const describe = kinesis.describeStream.bind(kinesis);
  kinesis.describeStream = () => new Promise(() => {});
  await clock.advance(20_000);
  deepEqual(await fixture.archived(), fixture.expected);
  kinesis.describeStream = describe; // before the shards are listed again
  await worker.stop();
});
