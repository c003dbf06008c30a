import { deepEqual, equal, rejects } from "node:assert/strict";
import { ReadBudget, type RecordBatch } from "../../src/kinesis/mod.ts";
import type { SequenceNumber } from "../../src/base/record.ts";

const MB = 1 << 20;

/** An answer with one record of so many bytes. */
function batchOf(bytes: number): RecordBatch {
  const record = {
    sequenceNumber: "1" as SequenceNumber,
    partitionKey: "a",
    data: new Uint8Array(bytes),
    arrivedAt: new Date(0),
  };
  return { records: [record], nextIterator: "next", millisBehindLatest: 0 };
}

/** A shard whose requests are answered by hand. */
function askingShard(budget: ReadBudget) {
  const share = budget.share();
  const asked: PromiseWithResolvers<RecordBatch>[] = [];
  const ask = () => {
    const answer = Promise.withResolvers<RecordBatch>();
    asked.push(answer);
    return answer.promise;
  };
  return {
    asked,
    release: () => share.release(),
    hold: (signal?: AbortSignal) => share.hold(ask, signal),
  };
}

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("ReadBudget lets first answers through as far as there is room for them", async () => {
  const budget = new ReadBudget(10 * MB);
  const shards = Array.from({ length: 4 }, () => askingShard(budget));
  const answers = shards.map((shard) => shard.hold());
  await settle();
  deepEqual(shards.map(({ asked }) => asked.length), [1, 1, 0, 0]);
  shards[0]!.asked[0]!.resolve(batchOf(5 * MB));
  await answers[0];
  await settle();
  equal(shards[2]!.asked.length, 0, "the answer is still in use");
  shards[0]!.release();
  await settle();
  deepEqual(shards.map(({ asked }) => asked.length), [1, 1, 1, 0]);
});

Deno.test("ReadBudget asks all shards at once at which little arrives", async () => {
  const budget = new ReadBudget(10 * MB);
  const shards = Array.from({ length: 50 }, () => askingShard(budget));
  for (const shard of shards) {
    const answer = shard.hold();
    await settle();
    shard.asked[0]!.resolve(batchOf(1000));
    await answer;
    shard.release();
  }
  for (const shard of shards) shard.hold();
  await settle();
  equal(shards.every(({ asked }) => asked.length === 2), true);
});

Deno.test("ReadBudget lets one answer through that is larger than all of it", async () => {
  const shard = askingShard(new ReadBudget(MB));
  const answer = shard.hold();
  await settle();
  shard.asked[0]!.resolve(batchOf(9 * MB));
  await answer;
  shard.release();
  shard.hold();
  await settle();
  equal(shard.asked.length, 2);
});

Deno.test("ReadBudget gets room back from who fails, is aborted, or is answered too late", async () => {
  const budget = new ReadBudget(MB);
  const [failing, late, waiting, last] = Array.from({ length: 4 }, () => askingShard(budget)) as [
    ReturnType<typeof askingShard>,
    ReturnType<typeof askingShard>,
    ReturnType<typeof askingShard>,
    ReturnType<typeof askingShard>,
  ];
  const failure = failing.hold();
  const lateAnswer = late.hold();
  const stop = new AbortController();
  const aborted = waiting.hold(stop.signal);
  const lastAnswer = last.hold();
  await settle();
  failing.asked[0]!.reject(new Error("throttled"));
  await rejects(failure, /throttled/);
  await settle();
  equal(late.asked.length, 1);
  stop.abort(new Error("time to stop"));
  await rejects(aborted, /time to stop/);
  late.release(); // gives up, and is answered all the same
  late.asked[0]!.resolve(batchOf(MB));
  await lateAnswer;
  await settle();
  equal(waiting.asked.length, 0);
  equal(last.asked.length, 1);
  last.asked[0]!.resolve(batchOf(0));
  await lastAnswer;
  last.release();
  const again = askingShard(budget);
  again.hold();
  await settle();
  equal(again.asked.length, 1);
});
