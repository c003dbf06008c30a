import { deepStrictEqual, equal } from "node:assert/strict";
import type { ShardId } from "../../src/base/record.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";
import { readLog } from "../support/read_log.ts";

Deno.test("Archiver tells once of a shard that is placed by hand and not there, and that it has stopped", async () => {
  const missing = "shardId-000000000009" as ShardId;
  const log = await readLog(async () => {
    const fixture = new Fixture(1);
    await fixture.put(3);
    const [ended] = fixture.shards;
    const [child] = fixture.kinesis.splitShard(STREAM, ended!);
    const first = fixture.start();
    await fixture.clock.advance(10_000);
    await first.stop();
    // The stream does not list it any more, but the ledger knows that it has ended.
    await fixture.clock.advance(48 * 3_600_000);
    const worker = fixture.start({ shards: [ended!, child!, missing] });
    await fixture.clock.advance(150_000);
    await worker.stop();
    deepStrictEqual(await fixture.archived(), fixture.expected);
  });
  const told = log.map(({ event, shardId, stream }) => [event, shardId ?? stream]);
  deepStrictEqual(told.filter(([event]) => event === "shard.missing"), [
    ["shard.missing", missing],
  ]);
  deepStrictEqual(told.at(-1), ["archiver.stopped", STREAM]);
});

Deno.test("Archiver logs the first hundred quarantined records of a file, and counts all", async () => {
  const log = await readLog(async () => {
    const fixture = new Fixture(1);
    const bad = { partitionKey: "bad", data: new TextEncoder().encode('{"json": true}') };
    await fixture.kinesis.putRecords(STREAM, Array.from({ length: 150 }, () => bad));
    const worker = fixture.start({ rotateMs: 60_000 });
    await fixture.clock.advance(60_000);
    await fixture.kinesis.putRecords(STREAM, [bad]);
    await fixture.clock.advance(60_000);
    await worker.stop();
  });
  equal(log.filter(({ event }) => event === "record.quarantined").length, 101);
  const files = log.filter(({ event }) => event === "file.archived");
  deepStrictEqual(files.map(({ quarantined }) => quarantined), [150, 1]);
});
