import { deepEqual, equal } from "node:assert/strict";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import type { RecordBatch } from "../../src/kinesis/mod.ts";
import { ShardQueue } from "../../src/stream/shard_queue.ts";

/** A queue with so many records of some bytes each. */
function queueOf(count: number, bytes: number): ShardQueue {
  const signal = new AbortController().signal;
  const queue = new ShardQueue({ shardId: "shardId-0" as ShardId, epoch: 1, signal }, 10_000);
  const records = Array.from({ length: count }, (_, n) => ({
    data: new Uint8Array(bytes),
    partitionKey: "key",
    sequenceNumber: `${n}` as SequenceNumber,
    arrivedAt: new Date(0),
  }));
  const batch = { records, nextIterator: undefined, millisBehindLatest: 0 };
  queue.push(batch as unknown as RecordBatch, 0);
  return queue;
}

/** After which records someone who waits for `taken` is woken. */
async function wakesOf(queue: ShardQueue): Promise<number[]> {
  const wakes: number[] = [];
  let count = 0;
  const watch = async () => {
    while (queue.peek() !== undefined) {
      await queue.taken.wait();
      wakes.push(count);
    }
  };
  const watching = watch();
  while (queue.peek() !== undefined) {
    count++;
    queue.take();
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
  await watching;
  return wakes;
}

Deno.test("ShardQueue.taken is notified once for many small records, and when the queue is empty", async () => {
  const wakes = await wakesOf(queueOf(1_000, 100));
  equal(wakes.at(-1), 1_000);
  equal(wakes.length, 16); // of 500,000 bytes with the objects, 32 KiB each
});

Deno.test("ShardQueue.taken is notified after each large record", async () => {
  deepEqual(await wakesOf(queueOf(3, 100_000)), [1, 2, 3]);
});
