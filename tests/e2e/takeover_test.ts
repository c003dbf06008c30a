/** How workers take shards over from each other. */

import { equal, ok } from "node:assert/strict";
import { openLedger } from "@triton/triton/checkpoint";
import { listAllShards } from "@triton/triton/kinesis";
import { untilTrue } from "../support/triton_process.ts";
import { assertArchived, EventCounter } from "./audit.ts";
import { NumberedProducer } from "./numbered_producer.ts";
import { BUCKET, startPipeline, STREAM } from "./pipeline.ts";

Deno.test("triton store frees its shards when it stops, and keeps them for the lease when killed", async () => {
  await using pipeline = await startPipeline({ shards: 2 });
  const { kinesis } = pipeline.kinesis;
  await using ledger = await openLedger(pipeline.database, { client: "store", stream: STREAM });
  await using producer = new NumberedProducer(kinesis, STREAM);
  /** The workers that hold the two shards; undefined is nobody. */
  const owners = async () => {
    const shards = await ledger.shards();
    return new Set(shards.map(({ owner }) => owner));
  };
  const shared = async () => {
    const names = await owners();
    return names.size === 2 && !names.has(undefined);
  };
  const heldBy = (name: string) => async () => {
    const names = await owners();
    return names.size === 1 && names.has(name);
  };

  const lease = ["--lease", "5s"];
  const stopped = pipeline.store(...lease);
  const survivor = pipeline.store(...lease);
  await untilTrue(shared, "two workers to share two shards");
  const before = await owners();
  equal((await stopped.stop("SIGTERM")).code, 0);
  const after = [...await owners()].filter((name) => name !== undefined);
  equal(after.length, 1, "a worker that has stopped keeps its shard");
  ok(before.has(after[0]));
  await untilTrue(heldBy(after[0]!), "the other worker to take its shard");

  const killed = pipeline.store(...lease);
  await untilTrue(shared, "a new worker to get its share");
  equal((await killed.stop("SIGKILL")).code, 137);
  ok(await shared(), "a worker that was killed loses its shard before its lease expires");
  await untilTrue(heldBy(after[0]!), "the other worker to take the shard after the lease");

  await producer.stop();
  const counter = new EventCounter(pipeline.s3.buckets.get(BUCKET)!);
  await untilTrue(async () => await counter.count() >= producer.count, "all to be archived");
  equal((await survivor.stop("SIGTERM")).code, 0);
  assertArchived(await counter.numbers(), producer.placed, await listAllShards(kinesis, STREAM));
});
