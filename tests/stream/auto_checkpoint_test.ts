import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { VirtualClock } from "../../src/base/clock.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import { CheckpointError } from "../../src/base/errors.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { StreamReader, type StreamReaderOptions } from "../../src/stream/mod.ts";
import { runUntil } from "../../src/testing/mod.ts";

/** A stream of one shard with so many records, and what is saved of it. */
async function setUp(count: number) {
  const clock = new VirtualClock();
  const kinesis = new MemoryKinesis({ clock });
  const [shardId] = kinesis.createStream("s");
  const numbers: SequenceNumber[] = [];
  const put = async (data = encodeEvent({ n: numbers.length })) => {
    const [result] = await kinesis.putRecords("s", [{ partitionKey: "a", data }]);
    if (result!.ok) numbers.push(result!.sequenceNumber);
  };
  for (let i = 0; i < count; i++) await put();
  const checkpointer = new MemoryCheckpointer({ clock });
  /** How many records each save says are done. */
  const saves: number[] = [];
  const save = checkpointer.save.bind(checkpointer);
  checkpointer.save = (stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>) => {
    saves.push(numbers.indexOf(positions.get(shardId!)!) + 1);
    return save(stream, positions);
  };
  const open = (options: StreamReaderOptions) =>
    new StreamReader(kinesis, "s", { clock, checkpointer, ...options });
  /** Reads so many records; returns what was saved when each of them was in hand. */
  const take = (reader: StreamReader, wanted: number) =>
    runUntil(
      clock,
      (async () => {
        const seen: number[] = [];
        for await (const _record of reader) {
          seen.push(saves.at(-1) ?? 0);
          if (seen.length === wanted) break;
        }
        return seen;
      })(),
    );
  return { clock, checkpointer, put, saves, open, take };
}

Deno.test("autoCheckpoint: true saves each record when the next one is asked for", async () => {
  const { saves, open, take } = await setUp(4);
  {
    await using reader = open({ autoCheckpoint: true });
    deepEqual(await take(reader, 4), [0, 1, 2, 3]);
  }
  // The loop was left with the fourth in hand.
  deepEqual(saves, [1, 2, 3]);
});

Deno.test("autoCheckpoint.every saves after so many records, and the rest at disposal", async () => {
  const { saves, open, take } = await setUp(8);
  {
    await using reader = open({ autoCheckpoint: { every: 3 }, idle: true });
    deepEqual(await take(reader, 100), [0, 0, 0, 3, 3, 3, 6, 6]);
    deepEqual(saves, [3, 6]);
  }
  deepEqual(saves, [3, 6, 8]);
});

Deno.test("autoCheckpoint.intervalMs saves in time, also while no record comes", async () => {
  const { clock, saves, open } = await setUp(2);
  const stop = new AbortController();
  await using reader = open({ autoCheckpoint: { intervalMs: 10_000 }, signal: stop.signal });
  const reading = Array.fromAsync(reader);
  await clock.advance(9_000);
  deepEqual(saves, []);
  await clock.advance(2_000);
  deepEqual(saves, [2]);
  await clock.advance(60_000);
  deepEqual(saves, [2]);
  stop.abort();
  await reading;
});

Deno.test("autoCheckpoint does not save a record whose handling failed", async () => {
  const { clock, saves, open } = await setUp(3);
  const failing = async () => {
    await using reader = open({ autoCheckpoint: true });
    let count = 0;
    for await (const _record of reader) if (++count === 2) throw new Error("cannot handle it");
  };
  await rejects(() => runUntil(clock, failing()), { message: "cannot handle it" });
  deepEqual(saves, [1]);
});

Deno.test("autoCheckpoint takes a record for finished when iteration goes on, or checkpoint() was called", async () => {
  const { saves, open, take } = await setUp(5);
  {
    await using reader = open({ autoCheckpoint: { every: 100 } });
    await take(reader, 1);
    await take(reader, 2);
    await reader.checkpoint();
    deepEqual(saves, [3]);
  }
  deepEqual(saves, [3], "disposal does not go back");
  {
    await using reader = open({ autoCheckpoint: { every: 100 } });
    await take(reader, 1);
    await take(reader, 1);
  }
  deepEqual(saves, [3, 4]);
});

Deno.test("autoCheckpoint counts what onInvalid takes as finished", async () => {
  const { put, saves, open, take } = await setUp(1);
  await put(Uint8Array.of(0xc1));
  {
    await using reader = open({ autoCheckpoint: { every: 2 }, onInvalid: "skip", idle: true });
    await take(reader, 10);
  }
  deepEqual(saves, [2]);
});

Deno.test("autoCheckpoint waits for a database that is away, and disposal asks it once", async () => {
  const { clock, checkpointer, saves, open } = await setUp(5);
  let tries = 0;
  const save = checkpointer.save;
  const away = new CheckpointError("Cannot save: away", { code: "away", retryable: true });
  checkpointer.save = () => (tries++, Promise.reject(away));
  const reader = open({ autoCheckpoint: true });
  let count = 0;
  const reading = (async () => {
    for await (const _record of reader) count++;
  })();
  reading.catch(() => {});
  await clock.advance(120_000);
  ok(tries > 3);
  equal(count, 1);
  checkpointer.save = save;
  await clock.advance(120_000);
  equal(count, 5);
  checkpointer.save = () => (tries++, Promise.reject(away));
  saves.length = 0;
  await reader[Symbol.asyncDispose]();
  await reading;
  deepEqual(saves, []);
});

Deno.test("A reader whose last save fails says so when it is disposed of", async () => {
  const { clock, checkpointer, open, take } = await setUp(2);
  const away = new CheckpointError("Cannot save: away", { code: "away", retryable: true });
  checkpointer.save = () => Promise.reject(away);
  const reader = open({ autoCheckpoint: { every: 10 }, idle: true });
  await take(reader, 10);
  await rejects(() => reader[Symbol.asyncDispose](), away);
  equal(clock.nextWake, undefined);
});

Deno.test("autoCheckpoint needs a checkpointer, and numbers that can be", async () => {
  const { open } = await setUp(0);
  throws(() => open({ autoCheckpoint: true, checkpointer: undefined }), TypeError);
  throws(() => open({ autoCheckpoint: {} }), TypeError);
  throws(() => open({ autoCheckpoint: { every: 0 } }), RangeError);
  throws(() => open({ autoCheckpoint: { intervalMs: -1 } }), RangeError);
});
