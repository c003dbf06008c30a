import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import fc from "fast-check";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import type { StreamRecord } from "../../src/base/record.ts";
import {
  InvalidStreamRecordError,
  StreamReader,
  type StreamReaderOptions,
} from "../../src/stream/mod.ts";
import { packRecords } from "../support/kpl_message.ts";
import { collect, runUntil } from "../../src/testing/mod.ts";

/** A stream "s" of one shard, with what is in each record: a number, numbers aggregated, or raw. */
async function setUp(contents: readonly (number | readonly (number | Uint8Array)[])[]) {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("s");
  const checkpointer = new MemoryCheckpointer({ clock });
  const entry = (content: number | Uint8Array) => ({
    partitionKey: `key of ${content}`,
    data: typeof content === "number" ? encodeEvent({ n: content }) : content,
  });
  for (const content of contents) {
    const put = typeof content === "number"
      ? entry(content)
      : { partitionKey: "outer", data: packRecords(content.map(entry)) };
    await kinesis.putRecords("s", [put]);
  }
  const open = (more: StreamReaderOptions = {}) =>
    new StreamReader(kinesis, "s", { clock, checkpointer, ...more });
  const take = (reader: StreamReader, count: number) => runUntil(clock, collect(reader, count));
  return { clock, open, take };
}

function numbers(records: readonly StreamRecord[]): number[] {
  return records.map(({ data }) => data["n"] as number);
}

Deno.test("StreamReader yields aggregated records one by one, with all their fields", async () => {
  const { open, take } = await setUp([0, [1, 2, 3], 4]);
  await using reader = open();
  const records = await take(reader, 5);
  deepEqual(numbers(records), [0, 1, 2, 3, 4]);
  deepEqual(records.map((record) => record.subSequenceNumber), [undefined, 0, 1, 2, undefined]);
  deepEqual(
    records.map(({ partitionKey }) => partitionKey),
    [0, 1, 2, 3, 4].map((n) => `key of ${n}`),
  );
  deepEqual(records[2]!.raw, encodeEvent({ n: 2 }));
  const [before, first, second, third, after] = records.map((record) => record.sequenceNumber);
  ok(first === second && second === third && before !== first && third !== after);
  ok(records.every(({ arrivedAt }) => arrivedAt.getTime() === records[0]!.arrivedAt.getTime()));
});

Deno.test("StreamReader.checkpoint() stays before an aggregated record until its last event", async () => {
  const { open, take } = await setUp([0, [1, 2, 3], 4]);
  const next = async () => {
    await using reader = open();
    return numbers(await take(reader, 1))[0];
  };
  await using reader = open();
  for (const [yielded, begin] of [[0, 1], [1, 1], [2, 1], [3, 4]]) {
    deepEqual(numbers(await take(reader, 1)), [yielded]);
    await reader.checkpoint();
    equal(await next(), begin);
  }
});

Deno.test("StreamReader yields every event at least once, wherever it is stopped", async () => {
  const content = fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 5 }));
  const sizes = fc.array(content, { minLength: 1, maxLength: 8 });
  const stops = fc.array(fc.nat(10), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sizes, stops, async (sizes, stops) => {
      let count = 0;
      const contents = sizes.map((size) => {
        const some = Array.from({ length: size }, () => count++);
        return size === 1 ? some[0]! : some;
      });
      const { open, take } = await setUp(contents);
      const seen = new Set<number>();
      for (const stop of [...stops, count]) {
        await using reader = open();
        const begin = Math.min(...contents.flat().filter((n) => !seen.has(n)), count);
        const first = contents.find((content) => [content].flat().includes(begin));
        const expected = first === undefined ? count : [first].flat()[0]!;
        const records = numbers(await take(reader, Math.min(stop, count - expected)));
        deepEqual(records, Array.from(records, (_, i) => expected + i));
        for (const n of records) seen.add(n);
        await reader.checkpoint();
      }
      equal(seen.size, count);
    }),
    { numRuns: 60 },
  );
});

Deno.test("StreamReader refuses one bad record of an aggregate, and reads the others", async () => {
  const bad = new TextEncoder().encode("no event");
  const { open, take } = await setUp([[0, bad, 2], 3]);
  await using strict = open();
  const refused = (error: unknown) => {
    ok(error instanceof InvalidStreamRecordError);
    ok(
      error.message.startsWith(
        `Cannot read user record 1 of record ${error.sequenceNumber} of shard`,
      ),
    );
    deepEqual([error.subSequenceNumber, error.raw], [1, bad]);
    return true;
  };
  equal((await take(strict, 1)).length, 1);
  await rejects(() => take(strict, 1), refused);
  await rejects(() => take(strict, 1), refused, "it stays the next one");
  const errors: InvalidStreamRecordError[] = [];
  await using reader = open({ onInvalid: (error) => void errors.push(error) });
  deepEqual(numbers(await take(reader, 3)), [0, 2, 3]);
  equal(errors.length, 1);
});

Deno.test("StreamReader tells the sub sequence number also where a schema makes the data", async () => {
  const { open, take } = await setUp([[0, 1], 2]);
  const schema: StandardSchemaV1<unknown, { n: number }> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => ({ value: { n: (value as { n: number }).n + 10 } }),
    },
  };
  await using reader = open({ schema });
  const records = await take(reader, 3);
  deepEqual(numbers(records), [10, 11, 12]);
  deepEqual(records.map((record) => record.subSequenceNumber), [0, 1, undefined]);
});

Deno.test("StreamReader takes what only begins like an aggregate for a record as any other", async () => {
  const damaged = packRecords([{ partitionKey: "k", data: encodeEvent({ n: 1 }) }]);
  damaged[10]! ^= 1;
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  kinesis.createStream("s");
  await kinesis.putRecords("s", [{ partitionKey: "outer", data: damaged }]);
  await using reader = new StreamReader(kinesis, "s", { clock });
  await rejects(() => runUntil(clock, collect(reader, 1)), (error: unknown) => {
    ok(error instanceof InvalidStreamRecordError);
    deepEqual([error.subSequenceNumber, error.partitionKey], [undefined, "outer"]);
    deepEqual(error.raw, new Uint8Array(damaged));
    return true;
  });
});
