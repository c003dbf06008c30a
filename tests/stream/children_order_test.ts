import { deepEqual, equal, ok } from "node:assert/strict";
import { VirtualClock } from "../../src/base/clock.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import type { StreamRecord } from "../../src/base/record.ts";
import { StreamReader } from "../../src/stream/mod.ts";
import { runUntil } from "../../src/testing/mod.ts";

Deno.test("StreamReader yields all of a parent before its children, also what waits in its queue", async () => {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const [parent] = kinesis.createStream("s");
  const put = async (from: number, to: number) => {
    for (let n = from; n < to; n++) {
      await kinesis.putRecords("s", [{ partitionKey: `key ${n}`, data: encodeEvent({ n }) }]);
    }
  };
  // Several turns of the reader, and closed before it is read: the last answer waits in the queue.
  await put(0, 1_000);
  const children = kinesis.splitShard("s", parent!);
  await put(1_000, 1_200);
  await using reader = new StreamReader(kinesis, "s", { clock, idle: true });
  const records: StreamRecord[] = [];
  await runUntil(
    clock,
    (async () => {
      for await (const record of reader) {
        records.push(record);
        await clock.sleep(10); // so that whatever can go on meanwhile does
      }
    })(),
  );
  equal(records.length, 1_200);
  const order = records.map(({ shardId }) => children.includes(shardId) ? "child" : "parent");
  equal(order.lastIndexOf("parent"), 999);
  equal(order.indexOf("child"), 1_000);
  for (const id of [parent, ...children]) {
    const own = records.filter(({ shardId }) => shardId === id).map(({ data }) =>
      data["n"] as number
    );
    ok(own.length > 0);
    deepEqual(own, own.toSorted((a, b) => a - b));
  }
});
