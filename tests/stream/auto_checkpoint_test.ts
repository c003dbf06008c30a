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
  return { clock, kinesis, shardId: shardId!, checkpointer, put, saves, open, take };
}

Deno.test("autoCheckpoint: true saves every 1,000 records, and the rest when the loop is left", async () => {
  const { saves, open, take } = await setUp(2_500);
  await using reader = open({ autoCheckpoint: true });
  const seen = await take(reader, 2_300);
  deepEqual([...new Set(seen)], [0, 1_000, 2_000]);
  equal(
    seen[1_000],
    1_000,
    "after a crash, 1,000 records and the one in process come again at most",
  );
  // The loop was left with the last one in hand.
  deepEqual(saves, [1_000, 2_000, 2_299]);
  await reader[Symbol.asyncDispose]();
  deepEqual(saves, [1_000, 2_000, 2_299], "and nothing is left to save");
});

Deno.test("autoCheckpoint: true saves a record after a second, even if the next one takes an hour", async () => {
  const { clock, saves, open } = await setUp(5);
  await using reader = open({ autoCheckpoint: true, idle: true });
  const seen: number[] = [];
  const reading = (async () => {
    for await (const _record of reader) {
      if (seen.push(saves.at(-1) ?? 0) === 3) await clock.sleep(3_600_000);
    }
  })();
  await clock.advance(900);
  deepEqual([seen, saves], [[0, 0, 0], []]);
  await clock.advance(200);
  deepEqual(saves, [2]);
  await runUntil(clock, reading);
  deepEqual(saves, [2, 5], "when the loop ends");
});

Deno.test("autoCheckpoint: true saves while the event loop is never free, as every record takes long", async () => {
  const { clock, saves, open } = await setUp(8);
  let now = clock.now();
  const busy = { ...clock, now: () => now, sleep: clock.sleep.bind(clock), random: () => 0.5 };
  await using reader = open({ autoCheckpoint: true, clock: busy, idle: true });
  const seen: number[] = [];
  const reading = (async () => {
    for await (const _record of reader) {
      seen.push(saves.at(-1) ?? 0);
      now += 600;
    }
  })();
  await runUntil(clock, reading);
  deepEqual(seen, [0, 0, 0, 3, 3, 3, 6, 6]);
});

Deno.test("autoCheckpoint: true saves what a shard held when that ends", async () => {
  const { kinesis, clock, saves, open, shardId } = await setUp(3);
  kinesis.splitShard("s", shardId);
  const stop = new AbortController();
  await using reader = open({ autoCheckpoint: true, signal: stop.signal });
  const reading = Array.fromAsync(reader);
  await clock.advance(0);
  deepEqual(saves, [3]);
  stop.abort();
  await reading;
});

Deno.test("autoCheckpoint: { every: 1 } saves each record when the next one is asked for", async () => {
  const { saves, open, take } = await setUp(4);
  {
    await using reader = open({ autoCheckpoint: { every: 1 } });
    deepEqual(await take(reader, 4), [0, 1, 2, 3]);
  }
  // The loop was left with the fourth in hand.
  deepEqual(saves, [1, 2, 3]);
});

Deno.test("autoCheckpoint.every saves after so many records, and the rest when the loop ends", async () => {
  const { saves, open, take } = await setUp(8);
  await using reader = open({ autoCheckpoint: { every: 3 }, idle: true });
  deepEqual(await take(reader, 100), [0, 0, 0, 3, 3, 3, 6, 6]);
  deepEqual(saves, [3, 6, 8]);
});

Deno.test("autoCheckpoint.intervalMs saves in time, also while no record comes", async () => {
  const { clock, saves, open } = await setUp(2);
  const stop = new AbortController();
  await using reader = open({ autoCheckpoint: { intervalMs: 10_000 }, signal: stop.signal });
  const reading = Array.fromAsync(reader);
  await clock.advance(9_900);
  deepEqual(saves, []);
  await clock.advance(200);
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
    deepEqual(saves, [2]);
    await reader.checkpoint();
    deepEqual(saves, [2, 3]);
  }
  deepEqual(saves, [2, 3], "disposal does not go back");
  {
    await using reader = open({ autoCheckpoint: { every: 100 } });
    await take(reader, 1);
    await take(reader, 1);
  }
  deepEqual(saves, [2, 3, 4]);
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
  const reader = open({ autoCheckpoint: { every: 1 } });
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

Deno.test("Leaving the loop, also by an error, does not wait for a database that is away", async () => {
  const { clock, checkpointer, saves, open } = await setUp(6);
  const save = checkpointer.save;
  const away = new CheckpointError("Cannot save: away", { code: "away", retryable: true });
  let tries = 0;
  checkpointer.save = () => (tries++, Promise.reject(away));
  await using reader = open({ autoCheckpoint: true });
  const leaveAfter = (count: number) =>
    rejects(async () => {
      for await (const _record of reader) {
        if (--count > 0) continue;
        await clock.sleep(20_000); // meanwhile, the processed ones are saved in the background
        throw new Error("cannot handle it");
      }
    }, { message: "cannot handle it" });
  const leaving = leaveAfter(2);
  await clock.advance(19_900);
  ok(tries > 1);
  await clock.advance(200);
  const made = tries;
  await clock.advance(60_000);
  equal(tries, made, "nobody goes on with the save");
  await leaving;
  checkpointer.save = save;
  await runUntil(clock, leaveAfter(3));
  deepEqual(saves, [3, 4], "at once what is due since the first loop, then in the background");
});

Deno.test("A reader whose last save fails says so when it is disposed of", async () => {
  const { clock, checkpointer, open, take } = await setUp(2);
  const away = new CheckpointError("Cannot save: away", { code: "away", retryable: true });
  checkpointer.save = () => Promise.reject(away);
  const reader = open({ autoCheckpoint: { every: 10 }, idle: true });
  await take(reader, 2);
  await rejects(() => reader[Symbol.asyncDispose](), away);
  equal(clock.nextWake, undefined);
});

Deno.test("A failed save in the background is made again, and thrown, when the next record is asked for", async () => {
  const { clock, checkpointer, saves, open } = await setUp(3);
  const refused = new CheckpointError("Cannot save: refused", { code: "no", retryable: false });
  const save = checkpointer.save;
  let tries = 0;
  checkpointer.save = () => (tries++, Promise.reject(refused));
  await using reader = open({ autoCheckpoint: true, idle: true });
  let count = 0;
  const read = async () => {
    for await (const _record of reader) if (++count === 2) await clock.sleep(60_000);
  };
  const reading = read();
  reading.catch(() => {});
  await clock.advance(50_000);
  equal(tries, 1);
  await clock.advance(20_000);
  await rejects(reading, refused);
  checkpointer.save = save;
  await runUntil(clock, read());
  deepEqual([count, saves], [3, [3]], "and reading continues");
});

Deno.test("autoCheckpoint at the end of the loop waits for a database that is away", async () => {
  const { clock, checkpointer, saves, open, take } = await setUp(2);
  const save = checkpointer.save;
  const away = new CheckpointError("Cannot save: away", { code: "away", retryable: true });
  let failures = 5;
  checkpointer.save = (...args) => failures-- > 0 ? Promise.reject(away) : save(...args);
  await using reader = open({ autoCheckpoint: true, idle: true });
  await take(reader, 10);
  deepEqual([failures, saves, clock.nextWake !== undefined], [-1, [2], true]);
});

Deno.test("autoCheckpoint needs a checkpointer, and numbers that can be", async () => {
  const { open } = await setUp(0);
  throws(() => open({ autoCheckpoint: true, checkpointer: undefined }), TypeError);
  throws(() => open({ autoCheckpoint: {} }), TypeError);
  throws(() => open({ autoCheckpoint: { every: 0 } }), RangeError);
  throws(() => open({ autoCheckpoint: { intervalMs: -1 } }), RangeError);
});
