import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { VirtualClock } from "../../src/base/clock.ts";
import {
  type GetRecordsOptions,
  type KinesisApi,
  KinesisError,
  type KinesisOperation,
  MemoryKinesis,
  pollShard,
  type PollShardOptions,
  type RecordBatch,
  type RecordPiece,
  type RetryEvent,
  type StartPosition,
  Turns,
} from "../../src/kinesis/mod.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { runUntil } from "../../src/testing/mod.ts";
import { changed } from "../simulation/changed.ts";
import { wrongClock } from "../support/wrong_clock.ts";

type Intercept = (
  operation: KinesisOperation,
  phase: "before" | "after",
  args: readonly unknown[],
) => void | Promise<void>;

/** A stream "s" of one shard on a virtual clock, with the times of its GetRecords. */
function setUp(intercept: Intercept = () => {}) {
  const clock = new VirtualClock({ now: 1_000_000_000_000 });
  const reads: number[] = [];
  const startedAt = clock.now();
  const kinesis = new MemoryKinesis({
    clock,
    intercept(operation, args, phase) {
      if (operation === "getRecords" && phase === "before") reads.push(clock.now() - startedAt);
      return intercept(operation, phase, args);
    },
  });
  const shardId = kinesis.createStream("s")[0]!;
  const poll = (
    from: StartPosition = { type: "trim-horizon" },
    options: PollShardOptions = {},
  ) => pollShard(kinesis, { stream: "s", shardId, from }, { clock, ...options });
  const put = (...values: number[]) =>
    kinesis.putRecords(
      "s",
      values.map((value) => ({ partitionKey: "a", data: new Uint8Array([value]) })),
    );
  const next = async (batches: AsyncGenerator<RecordBatch>) => {
    const { value } = await runUntil(clock, batches.next());
    return value?.records.map(({ data }: { data: Uint8Array }) => data[0]);
  };
  return { clock, kinesis, shardId, poll, put, next, reads };
}

function failure(code: string, retryable: boolean): KinesisError {
  return new KinesisError(`Cannot do it: ${code}`, { code, retryable });
}

Deno.test("pollShard() asks once a second while there is nothing more", async () => {
  const { poll, put, next, reads } = setUp();
  const batches = poll();
  deepEqual(await next(batches), []);
  await put(1);
  deepEqual(await next(batches), [1]);
  deepEqual(await next(batches), []);
  deepEqual(reads, [0, 1_000, 2_000]);
});

Deno.test("pollShard() asks five times a second while it is behind", async () => {
  const { clock, poll, put, next, reads } = setUp();
  await put(1, 2, 3, 4, 5);
  await clock.advance(10);
  const batches = poll(undefined, { limit: 2 });
  deepEqual([await next(batches), await next(batches), await next(batches)], [[1, 2], [3, 4], [5]]);
  deepEqual(await next(batches), []);
  deepEqual(reads, [10, 210, 410, 1_410]);
});

Deno.test("pollShard() keeps its pace when the caller or the service takes its time", async () => {
  const { clock, poll, next, reads } = setUp();
  const batches = poll();
  await next(batches);
  await clock.advance(700);
  await next(batches);
  await clock.advance(5_000);
  await next(batches);
  deepEqual(reads, [0, 1_000, 6_000]);
});

Deno.test("pollShard() asks as often as it is told, also while it is behind", async () => {
  const { poll, put, next, reads } = setUp();
  await put(1, 2);
  const batches = poll(undefined, { limit: 1, pollIntervalMs: 50 });
  for (let i = 0; i < 4; i++) await next(batches);
  deepEqual(reads, [0, 50, 100, 150]);
});

Deno.test("pollShard() does not wait longer than its interval when the clock is set back", async () => {
  const { clock, kinesis, shardId } = setUp();
  let shift = 0;
  const jumpy = {
    now: () => clock.now() + shift,
    random: () => clock.random(),
    sleep: (ms: number, signal?: AbortSignal) => clock.sleep(ms, signal),
  };
  const shard = { stream: "s", shardId, from: { type: "trim-horizon" } } as const;
  const batches = pollShard(kinesis, shard, { clock: jumpy });
  await batches.next();
  shift = -3_600_000;
  const before = clock.now();
  await runUntil(clock, batches.next());
  equal(clock.now() - before, 1_000);
});

Deno.test("pollShard() begins after a record, and at the latest", async () => {
  const { poll, put, next } = setUp();
  const [result] = await put(1, 2);
  const sequenceNumber = (result!.ok ? result!.sequenceNumber : "") as SequenceNumber;
  deepEqual(await next(poll({ type: "after", sequenceNumber })), [2]);
  const batches = poll({ type: "latest" });
  deepEqual(await next(batches), []);
  await put(3);
  deepEqual(await next(batches), [3]);
});

Deno.test("pollShard() ends when the shard is closed and read to its end", async () => {
  const { clock, kinesis, shardId, poll, put } = setUp();
  await put(1, 2, 3);
  kinesis.splitShard("s", shardId);
  const batches = await runUntil(clock, Array.fromAsync(poll(undefined, { limit: 2 })));
  deepEqual(batches.map(({ records }) => records.length), [2, 1]);
});

Deno.test("pollShard() renews an expired iterator after the last record read", async () => {
  const { clock, poll, put, next } = setUp();
  await put(1);
  const batches = poll();
  deepEqual(await next(batches), [1]);
  await put(2);
  await clock.advance(400_000);
  deepEqual(await next(batches), [2]);
  deepEqual(await next(batches), []);
});

Deno.test("pollShard() renews an expired iterator at the start if nothing was read", async () => {
  const { clock, poll, put, next } = setUp();
  const batches = poll({ type: "trim-horizon" });
  deepEqual(await next(batches), []);
  await put(1);
  await clock.advance(400_000);
  deepEqual(await next(batches), [1]);
});

Deno.test("pollShard() misses nothing when an iterator at the latest expires unused", async () => {
  const { clock, poll, put, next } = setUp();
  await put(1);
  await clock.advance(60_000);
  const batches = poll({ type: "latest" });
  deepEqual(await next(batches), []);
  await put(2);
  await clock.advance(400_000);
  await put(3);
  deepEqual(await next(batches), [2, 3]);
});

Deno.test("pollShard() misses nothing when an iterator at the latest expires, whatever the machine's clock says", async () => {
  for (const offset of [-48, -1, 1, 48]) {
    const { clock, poll, put, next } = setUp();
    await put(1);
    await clock.advance(60_000);
    const machine = wrongClock(clock, () => offset * 3_600_000);
    const batches = poll({ type: "latest" }, { clock: machine });
    deepEqual(await next(batches), []);
    await put(2);
    await clock.advance(400_000);
    await put(3);
    deepEqual(await next(batches), [2, 3]);
  }
});

Deno.test("pollShard() takes a start in the future, by the service's clock, for now", async () => {
  const { clock, poll, put, next } = setUp();
  await put(1);
  await clock.advance(60_000);
  const batches = poll({ type: "at-timestamp", timestamp: new Date(clock.now() + 3_600_000) });
  deepEqual(await next(batches), []);
  await put(2);
  deepEqual(await next(batches), [2]);
});

Deno.test("pollShard() throws what was refused where it cannot ask for the service's time", async () => {
  const { clock, poll, next } = setUp((operation) => {
    if (operation === "describeStream") throw failure("AccessDeniedException", false);
  });
  const timestamp = new Date(clock.now() + 3_600_000);
  const machine = wrongClock(clock, () => 7_200_000);
  const batches = poll({ type: "at-timestamp", timestamp }, { clock: machine });
  await rejects(next(batches), { code: "InvalidArgumentException" });
});

Deno.test("pollShard() pauses between renewals when iterators expire at once", async () => {
  let expired = 0;
  const { poll, next, reads } = setUp((operation, phase) => {
    if (operation !== "getRecords" || phase !== "before" || expired === 5) return;
    expired++;
    throw failure("ExpiredIteratorException", false);
  });
  deepEqual(await next(poll()), []);
  deepEqual(reads, [0, 0, 200, 400, 600, 800]);
});

Deno.test("pollShard() retries throttling and lost connections for as long as it takes", async () => {
  const faults = [
    ...Array.from({ length: 12 }, () => "ProvisionedThroughputExceededException"),
    "ECONNRESET",
    "InternalFailure",
  ];
  const operations = new Set<string>();
  const { clock, poll, put, next } = setUp((operation, phase) => {
    if (operation === "putRecords" || phase === "after" || faults.length === 0) return;
    if (operation === "getShardIterator" && faults.length < 12) return;
    operations.add(operation);
    throw failure(faults.shift()!, true);
  });
  await put(1);
  const events: RetryEvent[] = [];
  const before = clock.now();
  const batches = poll(undefined, { onRetry: (event) => events.push(event) });
  deepEqual(await next(batches), [1]);
  equal(events.length, 14);
  deepEqual([...operations], ["getShardIterator", "getRecords"]);
  deepEqual(new Set(events.map(({ operation }) => operation)).size, 2);
  ok(events.every(({ stream, shardId }) => stream === "s" && shardId === "shardId-000000000000"));
  ok(events.every(({ service, delayMs }) => service === "kinesis" && delayMs <= 30_000));
  ok(clock.now() - before > 30_000);
});

Deno.test("pollShard() throws what asking again does not mend", async () => {
  const denied = failure("AccessDeniedException", false);
  const { clock, poll } = setUp((operation) => {
    if (operation === "getRecords") throw denied;
  });
  await rejects(() => runUntil(clock, poll().next()), denied);
});

Deno.test("pollShard() stops at once and quietly when it is aborted in a pause", async () => {
  const { clock, poll } = setUp();
  const stop = new AbortController();
  const batches = poll(undefined, { signal: stop.signal });
  await batches.next();
  const pending = batches.next();
  await clock.advance(500);
  stop.abort();
  deepEqual(await pending, { done: true, value: undefined });
  equal(clock.nextWake, undefined);
});

Deno.test("pollShard() stops at once when it is aborted in a request that does not heed it", async () => {
  const never = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const { poll } = setUp((operation) => {
    if (operation !== "getRecords") return;
    asked.resolve();
    return never.promise;
  });
  const stop = new AbortController();
  const pending = poll(undefined, { signal: stop.signal }).next();
  await asked.promise;
  stop.abort();
  deepEqual(await pending, { done: true, value: undefined });
  never.resolve();
});

Deno.test("pollShard() stops at once when it is aborted between two tries", async () => {
  const { clock, poll } = setUp((operation) => {
    if (operation === "getRecords") throw failure("ECONNREFUSED", true);
  });
  const stop = new AbortController();
  const pending = poll(undefined, { signal: stop.signal }).next();
  await clock.advance(60_000);
  stop.abort();
  deepEqual(await pending, { done: true, value: undefined });
});

Deno.test("pollShard() asks nothing when it is aborted before", async () => {
  const { poll, reads } = setUp();
  const batches = poll(undefined, { signal: AbortSignal.abort() });
  deepEqual(await batches.next(), { done: true, value: undefined });
  deepEqual(reads, []);
});

Deno.test("pollShard() reads on after the last record handed over of an answer that breaks off", async () => {
  const { clock, kinesis, shardId, put } = setUp();
  await put(1, 2, 3, 4, 5);
  const stop = new AbortController();
  const seen: [value: number, isFirst: boolean][] = [];
  const delays: number[] = [];
  // Two records of each answer arrive, and the connection is lost.
  const breaking = changed<KinesisApi>(kinesis, () => ({
    getRecords: async (iterator: string, { onRecords, ...options }: GetRecordsOptions = {}) => {
      const batch = await kinesis.getRecords(iterator, options);
      for (const record of batch.records.slice(0, 2)) await onRecords!({ records: [record] });
      if (batch.records.length > 2) throw failure("ECONNRESET", true);
      return { ...batch, records: batch.records.slice(2) };
    },
  }));
  const shard = { stream: "s", shardId, from: { type: "trim-horizon" } } as const;
  const batches = pollShard(breaking, shard, {
    clock,
    signal: stop.signal,
    onRetry: ({ delayMs }) => delays.push(delayMs),
    onRecords: ({ records }, isFirst) => {
      for (const { data } of records) seen.push([data[0]!, isFirst]);
      return Promise.resolve();
    },
  });
  const { value } = await runUntil(clock, batches.next());
  deepEqual(value?.records, []);
  deepEqual(seen, [[1, true], [2, false], [3, true], [4, false], [5, true]]);
  deepEqual(delays, [200, 200]);
  stop.abort();
});

Deno.test("pollShard() hands over what comes with the answer, and nothing twice", async () => {
  const { clock, kinesis, shardId, put } = setUp();
  await put(1, 2, 3);
  const seen: number[] = [];
  const inTwo = changed<KinesisApi>(kinesis, () => ({
    getRecords: async (iterator: string, { onRecords, ...options }: GetRecordsOptions = {}) => {
      const batch = await kinesis.getRecords(iterator, options);
      await onRecords!({ records: batch.records.slice(0, 2) });
      return batch;
    },
  }));
  const shard = { stream: "s", shardId, from: { type: "trim-horizon" } } as const;
  const onRecords = ({ records }: RecordPiece) => {
    for (const { data } of records) seen.push(data[0]!);
    return Promise.resolve();
  };
  await pollShard(inTwo, shard, { clock, onRecords }).next();
  deepEqual(seen, [1, 2, 3]);
});

Deno.test("pollShard() asks for no more shards at once than there are turns", async () => {
  const answer = Promise.withResolvers<void>();
  let asked = 0;
  const { poll } = setUp(async (operation, phase) => {
    if (operation !== "getRecords" || phase === "after") return;
    asked++;
    await answer.promise;
  });
  const turns = new Turns(2);
  const stop = new AbortController();
  const pending = Array.from({ length: 4 }, () => {
    const shard = new AbortController();
    const signal = AbortSignal.any([stop.signal, shard.signal]);
    return { shard, next: poll(undefined, { turns, signal }).next() };
  });
  await settled();
  equal(asked, 2);
  pending[2]!.shard.abort(); // one that waits gives up
  deepEqual(await pending[2]!.next, { done: true, value: undefined });
  answer.resolve();
  for (const n of [0, 1, 3]) equal((await pending[n]!.next).done, false);
  equal(asked, 3);
  stop.abort();
});

/** Lets all go on that waits for nothing. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}
