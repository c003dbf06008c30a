import { deepStrictEqual, equal } from "node:assert/strict";
import type { StoreStatus } from "../../src/monitor/mod.ts";
import { duration, judgeHealth, judgeReadiness } from "../../src/monitor/store_status.ts";
import { ago, HOUR, LIMITS, MINUTE, shard, startingStatus, status } from "./monitor_fixture.ts";

const ready = (changes: Parameters<typeof status>[0]) => judgeReadiness(status(changes), LIMITS);
const healthy = (changes: Parameters<typeof status>[0]) => judgeHealth(status(changes), LIMITS);
const OK = { ok: true, reasons: [] };

Deno.test("judgeReadiness() passes for a worker with leases, or if none are free", () => {
  deepStrictEqual(ready({}), OK);
  deepStrictEqual(ready({ shards: [] }), OK);
  deepStrictEqual(ready({ shards: [shard(0, { state: "another" })] }), OK);
  deepStrictEqual(ready({ shards: [shard(0, { state: "free" }), shard(1)] }), OK);
  deepStrictEqual(ready({ shards: [shard(0, { state: "free" })] }).reasons, [
    "The worker holds no lease although shards are free",
  ]);
});

Deno.test("judgeReadiness() reports what is unreachable, and for how long", () => {
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

Deno.test("judgeReadiness() reports what a starting or stopping store waits for", () => {
  deepStrictEqual(judgeReadiness(startingStatus(), LIMITS).reasons, [
    "The database has not responded yet: Cannot connect: refused",
  ]);
  deepStrictEqual(judgeReadiness(startingStatus({ services: {} }), LIMITS).reasons, [
    "The database has not responded yet",
  ]);
  deepStrictEqual(ready({ state: "stopping" }).reasons, ["It is stopping"]);
});

Deno.test("judgeReadiness() reports what has not responded before the shards are known", () => {
  const answered = { lastAnswerAt: ago(10 * MINUTE) };
  const starts = (services: StoreStatus["services"], store = "s3://triton-prod") =>
    judgeReadiness({ ...status({ services, store }), shards: undefined }, LIMITS).reasons;
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

Deno.test("judgeHealth() reports records that wait too long", () => {
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

Deno.test("judgeHealth() reports what the stream drops soon, and refused shards", () => {
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

Deno.test("judgeHealth() gives a starting store as much time as a record", () => {
  deepStrictEqual(judgeHealth(startingStatus(), LIMITS), OK);
  deepStrictEqual(judgeHealth(startingStatus({ startedAt: ago(2 * HOUR) }), LIMITS).reasons, [
    "Nothing has been read since the start, 2 h ago",
  ]);
});

Deno.test("duration() uses at most two units", () => {
  const texts = [-3_600_000, 0, 999, 61_000, 3_600_000, 3_660_000, 90_061_000].map(duration);
  deepStrictEqual(texts, ["0 s", "0 s", "0 s", "1 min 1 s", "1 h", "1 h 1 min", "1 d 1 h"]);
});
