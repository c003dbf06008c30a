import { deepStrictEqual, equal, match } from "node:assert/strict";
import { judgeStreamHealth, judgeStreamReadiness } from "../../src/monitor/judge_stream.ts";
import type { StreamStatus } from "../../src/monitor/mod.ts";
import {
  ago,
  failingStatus,
  HOUR,
  LIMITS,
  MINUTE,
  NOW,
  shard,
  startingStatus,
  status,
} from "./monitor_fixture.ts";

const ready = (changes: Parameters<typeof status>[0]) =>
  judgeStreamReadiness(status(changes), LIMITS);
const healthy = (changes: Parameters<typeof status>[0]) =>
  judgeStreamHealth(status(changes), LIMITS);
const OK = { ok: true, reasons: [] };

Deno.test("judgeStreamReadiness() passes for a worker with leases, or if none are free", () => {
  deepStrictEqual(ready({}), OK);
  deepStrictEqual(ready({ shards: [] }), OK);
  deepStrictEqual(ready({ shards: [shard(0, { state: "another" })] }), OK);
  deepStrictEqual(ready({ shards: [shard(0, { state: "free" }), shard(1)] }), OK);
  deepStrictEqual(ready({ shards: [shard(0, { state: "free" })] }).reasons, [
    "The worker holds no lease although shards are free",
  ]);
});

Deno.test("judgeStreamReadiness() reports what is unreachable, and for how long", () => {
  const { services } = status();
  const error = "Cannot connect: refused";
  const ledger = { lastAnswerAt: ago(MINUTE), failingSince: ago(MINUTE), error };
  deepStrictEqual(ready({ services: { ...services, ledger } }).reasons, [
    "The database has been failing for 1 min: Cannot connect: refused",
  ]);
  const shortly = { ...ledger, failingSince: ago(5_000) };
  deepStrictEqual(ready({ services: { ...services, ledger: shortly } }), OK);
  const Kinesis = { lastAnswerAt: ago(5 * MINUTE) };
  deepStrictEqual(ready({ services: { ...services, Kinesis } }).reasons, [
    "Kinesis has not responded for 5 min",
  ]);
  const down = { "object store": { ...ledger } };
  deepStrictEqual(ready({ services: { ...services, ...down } }), OK, "reading goes on without it");
});

Deno.test("judgeStreamReadiness() reports what a starting or stopping store waits for", () => {
  deepStrictEqual(judgeStreamReadiness(startingStatus(), LIMITS).reasons, [
    "The database has not responded yet: Cannot connect: refused",
  ]);
  deepStrictEqual(judgeStreamReadiness(startingStatus({ services: {} }), LIMITS).reasons, [
    "The database has not responded yet",
  ]);
  deepStrictEqual(ready({ state: "stopping" }).reasons, ["It is stopping"]);
});

Deno.test("judgeStreamReadiness() reports what has not responded before the shards are known", () => {
  const answered = { lastAnswerAt: ago(10 * MINUTE) };
  const starts = (services: StreamStatus["services"], store = "s3://triton-prod") =>
    judgeStreamReadiness({ ...status({ services, store }), shards: undefined }, LIMITS).reasons;
  deepStrictEqual(starts({ ledger: {} }), ["The database has not responded yet"]);
  const down = { failingSince: ago(5_000), error: "Cannot write s3://triton-prod/x: 503" };
  deepStrictEqual(starts({ ledger: answered, "object store": down }), [
    "The bucket s3://triton-prod has not responded yet: Cannot write s3://triton-prod/x: 503",
  ]);
  deepStrictEqual(starts({ ledger: answered, "object store": {} }), [
    "The bucket s3://triton-prod has not responded yet",
  ], "one that hangs, too");
  deepStrictEqual(starts({ ledger: answered, "object store": {} }, "file:///archive"), [
    "The directory file:///archive has not responded yet",
  ]);
  const failing = { ...down, ...answered, failingSince: ago(MINUTE) };
  deepStrictEqual(starts({ ledger: answered, "object store": failing }), [
    "The bucket s3://triton-prod has been failing for 1 min: Cannot write s3://triton-prod/x: 503",
  ]);
  const others = { ledger: answered, "object store": answered };
  deepStrictEqual(starts({ ...others, Kinesis: {} }), ["Kinesis has not responded yet"]);
  deepStrictEqual(starts({ ...others, Kinesis: answered }), ["The shards are not known yet"]);
  deepStrictEqual(starts({ ledger: {}, "object store": {}, Kinesis: {} }), [
    "The database has not responded yet",
    "The bucket s3://triton-prod has not responded yet",
    "Kinesis has not responded yet",
  ]);
});

Deno.test("judgeStreamHealth() reports records that wait too long", () => {
  deepStrictEqual(healthy({}), OK);
  const late = { unarchivedAgeMs: 76 * MINUTE };
  deepStrictEqual(healthy({ shards: [shard(0), shard(1, late)] }), {
    ok: false,
    reasons: ["shardId-000000000001: records that arrived 1 h 16 min ago are not archived"],
  });
  equal(healthy({ shards: [shard(0, { state: "free", ...late })] }).ok, false);
  for (const state of ["another", "waiting"] as const) {
    deepStrictEqual(healthy({ shards: [shard(0, { state, ...late })] }), OK);
  }
});

Deno.test("judgeStreamHealth() reports what the stream drops soon, and refused shards", () => {
  const headroomMs = 5 * HOUR;
  deepStrictEqual(healthy({ shards: [shard(0, { headroomMs })] }).reasons, [
    "shardId-000000000000: the stream drops unarchived records in 5 h",
  ]);
  deepStrictEqual(healthy({ shards: [shard(0, { headroomMs: -1 })] }).reasons, [
    "shardId-000000000000: the stream drops unarchived records now",
  ]);
  deepStrictEqual(healthy({ shards: [shard(0, { headroomMs: undefined })] }), OK);
  deepStrictEqual(healthy({ shards: [shard(0, { state: "refused" })] }).reasons, [
    "shardId-000000000000 is refused: the database is behind the archive",
  ]);
});

Deno.test("judgeStreamHealth() gives a starting store as much time as a record", () => {
  deepStrictEqual(judgeStreamHealth(startingStatus(), LIMITS), OK);
  deepStrictEqual(judgeStreamHealth(startingStatus({ startedAt: ago(2 * HOUR) }), LIMITS).reasons, [
    "Nothing has been read since the start, 2 h ago",
  ]);
});

Deno.test("judgeStreamHealth() reports a stream that failed until it has been archived for a while", () => {
  const failed =
    "Archiving failed 7 times in 5 min: Cannot read clicks_prod: AccessDeniedException";
  deepStrictEqual(judgeStreamHealth(failingStatus(), LIMITS).reasons, [
    `${failed}; the next attempt is in 1 min`,
  ]);
  const { failure } = failingStatus();
  const recovering = status({ failure: { ...failure!, nextAttemptAt: undefined } });
  deepStrictEqual(judgeStreamHealth(recovering, LIMITS).reasons, [failed]);
  const once = status({ failure: { ...failure!, attempts: 1, since: NOW } });
  match(judgeStreamHealth(once, LIMITS).reasons[0]!, /^Archiving failed once: Cannot read/);
});

Deno.test("judgeStreamReadiness() is false while a stream fails, and true once it is read again", () => {
  const { reasons } = judgeStreamReadiness(failingStatus(), LIMITS);
  match(reasons.join(), /^Archiving failed 7 times in 5 min: .*; the next attempt is in 1 min$/);
  const { failure } = failingStatus();
  deepStrictEqual(judgeStreamReadiness(status({ failure }), LIMITS), OK);
});
