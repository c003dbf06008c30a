import { deepStrictEqual } from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import type { ShardId } from "../../src/base/record.ts";
import { Fixture, STREAM } from "./archiver_fixture.ts";

Deno.test("Archiver tells once of a shard that is placed by hand and not there, and that it has stopped", async () => {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => records.push(record) },
    loggers: [
      { category: "triton", sinks: ["list"] },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
  try {
    const fixture = new Fixture(1);
    await fixture.put(3);
    const missing = "shardId-000000000009" as ShardId;
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
    const told = records.map(({ properties: { event, shardId, stream } }) => [
      event,
      shardId ?? stream,
    ]);
    deepStrictEqual(told.filter(([event]) => event === "shard.missing"), [
      ["shard.missing", missing],
    ]);
    deepStrictEqual(told.at(-1), ["archiver.stopped", STREAM]);
  } finally {
    await reset();
  }
});
