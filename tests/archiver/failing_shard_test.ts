import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import { judgeStreamHealth } from "../../src/monitor/judge_stream.ts";
import { RefusingKinesis } from "../support/odd_kinesis.ts";
import { Fixture, type RunningWorker } from "./archiver_fixture.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What GetRecords refuses for good. */
const REFUSALS = [
  "AccessDeniedException",
  "ExpiredTokenException",
  "InvalidArgumentException",
  "KMSDisabledException",
  "ResourceNotFoundException",
  "ValidationException",
];

function setUp(shardCount: number): { fixture: Fixture; kinesis: RefusingKinesis } {
  const fixture = new Fixture(shardCount, RefusingKinesis);
  return { fixture, kinesis: fixture.kinesis as RefusingKinesis };
}

function statesOf(worker: RunningWorker): string[] {
  return worker.status().shards!.map(({ state }) => state);
}

/** Why a store with this worker is not healthy. */
function reasonsOf(worker: RunningWorker): readonly string[] {
  const status = worker.status();
  const limits = { unhealthyAfterMs: HOUR, minHeadroomMs: HOUR, leaseMs: 20_000 };
  return judgeStreamHealth({ ...status, startedAt: status.at }, limits).reasons;
}

Deno.test("Archiver archives other shards, and reports and retries the one that Kinesis refuses", async () => {
  for (const code of REFUSALS) {
    const { fixture, kinesis } = setUp(2);
    const [broken] = fixture.shards;
    await fixture.put(20);
    const worker = fixture.start({ rotateMs: MINUTE });
    await fixture.clock.advance(5_000);
    kinesis.refuse = (operation, shardId) =>
      operation === "getRecords" && shardId === broken ? code : undefined;
    await fixture.put(20);
    await fixture.clock.advance(10 * MINUTE);
    deepStrictEqual(statesOf(worker), ["failing", "reading"]);
    deepStrictEqual(reasonsOf(worker), [`${broken} cannot be read: Cannot do it: ${code}`]);
    ok(worker.status().recentErrors.some(({ message }) => message.includes(code)));
    ok(kinesis.refusals > 5 && kinesis.refusals < 30, `${kinesis.refusals} attempts`);
    const meanwhile = await fixture.archived();
    ok(meanwhile.length > 20 && meanwhile.length < 40, `${meanwhile.length} archived`);
    kinesis.refuse = () => undefined;
    await fixture.clock.advance(2 * MINUTE);
    deepStrictEqual([statesOf(worker), reasonsOf(worker)], [["reading", "reading"], []]);
    await worker.stop();
    deepStrictEqual(await fixture.archived(), fixture.expected, code);
    deepStrictEqual(await fixture.ledger.gaps(), []);
  }
});

Deno.test("Archiver stays alive, and is not healthy, while Kinesis refuses all of its shards", async () => {
  const { fixture, kinesis } = setUp(2);
  kinesis.refuse = (operation) => operation === "getRecords" ? "KMSDisabledException" : undefined;
  await fixture.put(20);
  const worker = fixture.start();
  await fixture.clock.advance(HOUR);
  deepStrictEqual(statesOf(worker), ["failing", "failing"]);
  equal(reasonsOf(worker).length, 2);
  kinesis.refuse = () => undefined;
  await fixture.clock.advance(2 * MINUTE);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver stops at once while it pauses before the next attempt", async () => {
  const { fixture, kinesis } = setUp(1);
  kinesis.refuse = (operation) => operation === "getRecords" ? "KMSDisabledException" : undefined;
  const worker = fixture.start();
  await fixture.clock.advance(HOUR);
  const before = fixture.clock.now();
  await worker.stop();
  ok(fixture.clock.now() - before <= 5_000);
});

Deno.test("Archiver.run() fails where credentials or permissions are wrong from the start", async () => {
  for (const operation of ["describeStream", "listShards", "getRecords"]) {
    const { fixture, kinesis } = setUp(1);
    kinesis.refuse = (asked) => asked === operation ? "AccessDeniedException" : undefined;
    const worker = fixture.start();
    await fixture.clock.advance(5_000);
    await rejects(worker.done, { code: "AccessDeniedException" });
  }
});

Deno.test("Archiver goes on with the shards it knows while Kinesis does not say which there are", async () => {
  for (const operation of ["describeStream", "listShards"]) {
    const { fixture, kinesis } = setUp(2);
    const worker = fixture.start();
    await fixture.clock.advance(5_000);
    kinesis.refuse = (asked) => asked === operation ? "AccessDeniedException" : undefined;
    await fixture.put(20);
    await fixture.clock.advance(10 * MINUTE);
    deepStrictEqual(statesOf(worker), ["reading", "reading"]);
    match(worker.status().services.Kinesis!.error!, /AccessDenied/);
    ok(kinesis.refusals < 20, `${kinesis.refusals} attempts`);
    kinesis.refuse = () => undefined;
    kinesis.splitShard("clicks_prod", fixture.shards[0]!);
    await fixture.put(20);
    await fixture.clock.advance(5 * MINUTE);
    equal(worker.status().services.Kinesis!.failingSince, undefined);
    await worker.stop();
    deepStrictEqual(await fixture.archived(), fixture.expected);
  }
});

Deno.test("Archiver ends a shard once Kinesis says which shards come from it", async () => {
  const { fixture, kinesis } = setUp(1);
  const worker = fixture.start();
  await fixture.put(20);
  await fixture.clock.advance(5_000);
  kinesis.refuse = (asked) => asked === "listShards" ? "AccessDeniedException" : undefined;
  kinesis.splitShard("clicks_prod", fixture.shards[0]!);
  await fixture.put(20);
  await fixture.clock.advance(10 * MINUTE);
  deepStrictEqual(statesOf(worker), ["failing"]);
  kinesis.refuse = () => undefined;
  await fixture.clock.advance(5 * MINUTE);
  deepStrictEqual(statesOf(worker), ["reading", "reading"]);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
  deepStrictEqual(await fixture.ledger.gaps(), []);
});

Deno.test("Archiver waits for a stream that is being changed", async () => {
  const { fixture, kinesis } = setUp(1);
  const until = fixture.clock.now() + 10 * MINUTE;
  kinesis.refuse = (asked) =>
    asked === "listShards" && fixture.clock.now() < until ? "ResourceInUseException" : undefined;
  const worker = fixture.start();
  await fixture.put(20);
  await fixture.clock.advance(15 * MINUTE);
  await worker.stop();
  deepStrictEqual(await fixture.archived(), fixture.expected);
});
