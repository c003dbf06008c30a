/** How workers take shards over from each other. */

import { equal, ok } from "node:assert/strict";
import { type ArchiveLedger, openLedger } from "@triton/triton/checkpoint";
import { listAllShards } from "@triton/triton/kinesis";
import { answerS3 } from "../support/s3_operations.ts";
import type { TritonProcess } from "../support/triton_process.ts";
import { untilTrue, within } from "../support/within.ts";
import { assertArchived, EventCounter } from "./audit.ts";
import { NumberedProducer } from "./numbered_producer.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "./pipeline.ts";
import { detach } from "./s3_weather.ts";

/** The workers that hold shards; undefined is nobody. */
async function ownersOf(ledger: ArchiveLedger): Promise<Set<string | undefined>> {
  return new Set((await ledger.shards()).map(({ owner }) => owner));
}

/** Waits until two workers share all shards; returns who they are. */
async function untilShared(ledger: ArchiveLedger): Promise<ReadonlySet<string | undefined>> {
  let owners: Set<string | undefined>;
  await untilTrue(async () => {
    owners = await ownersOf(ledger);
    return owners.size === 2 && !owners.has(undefined);
  }, "two workers to share two shards");
  return owners!;
}

/** Waits until one worker holds all shards. */
async function untilAllHeldBy(ledger: ArchiveLedger, worker: string): Promise<void> {
  await untilTrue(async () => {
    const owners = await ownersOf(ledger);
    return owners.size === 1 && owners.has(worker);
  }, `worker ${worker} to hold all shards`);
}

/** The name that a worker gives itself. */
async function nameOf(worker: TritonProcess): Promise<string> {
  const begins = /Archiving \S+ to .* as worker (\w+)\b/;
  await worker.until(begins);
  return worker.log.map((line) => begins.exec(line)?.[1]).find((name) => name !== undefined)!;
}

/** Lets all be archived, stops the workers, and looks at what they left. */
async function assertComplete(
  pipeline: Pipeline,
  producer: NumberedProducer,
  workers: readonly TritonProcess[],
): Promise<void> {
  await producer.stop();
  const counter = new EventCounter(pipeline.s3.buckets.get(BUCKET)!);
  await untilTrue(async () => await counter.count() >= producer.count, "all to be archived");
  for (const worker of workers) equal((await worker.stop("SIGTERM")).code, 0);
  const shards = await listAllShards(pipeline.kinesis.kinesis, STREAM);
  assertArchived(await counter.numbers(), producer.placed, shards);
  const { code, stdout, stderr } = await pipeline.verify();
  equal(code, 0, `${stdout}\n${stderr}`);
}

Deno.test("triton store releases its shards when it stops, and keeps them for the lease if killed", async () => {
  await using pipeline = await startPipeline({ shards: 2 });
  await using ledger = await openLedger(pipeline.database, { client: "store", stream: STREAM });
  await using producer = new NumberedProducer(pipeline.kinesis.kinesis, STREAM);
  const options = ["--verbose", "--lease", "5s"];
  const stopped = pipeline.store(...options);
  const survivor = pipeline.store(...options);
  const name = await nameOf(survivor);
  await untilShared(ledger);
  equal((await stopped.stop("SIGTERM")).code, 0);
  const owners = await ownersOf(ledger);
  owners.delete(undefined);
  ok(owners.size === 1 && owners.has(name), "a worker that has stopped keeps its shard");
  await untilAllHeldBy(ledger, name);

  const killed = pipeline.store(...options);
  const shared = await untilShared(ledger);
  equal((await killed.stop("SIGKILL")).code, 137);
  ok((await ownersOf(ledger)).isSupersetOf(shared), "a lease ends before it expires");
  await untilAllHeldBy(ledger, name);
  await assertComplete(pipeline, producer, [survivor]);
});

Deno.test("triton store that slept through its lease during an upload archives nothing twice", async () => {
  await using pipeline = await startPipeline({ shards: 2 });
  const { s3 } = pipeline;
  await using ledger = await openLedger(pipeline.database, { client: "store", stream: STREAM });
  await using producer = new NumberedProducer(pipeline.kinesis.kinesis, STREAM);
  const options = ["--verbose", "--lease", "2s"];
  const sleeper = pipeline.store(...options);
  const heir = pipeline.store(...options);
  await untilShared(ledger);
  const name = await nameOf(sleeper);
  const inherited = (await ledger.shards()).find(({ owner }) => owner === name)!.shardId;

  const bucket = s3.buckets.get(BUCKET)!;
  let heldKey = "";
  const asleep = Promise.withResolvers<void>();
  const awake = Promise.withResolvers<void>();
  using _ = { [Symbol.dispose]: awake.resolve }; // S3 does not stop while a request is held
  s3.fault = async (request) => {
    const { operation, key } = request;
    if (operation !== "PutObject" || !key.endsWith(".tri")) return undefined;
    if (pipeline.sender(request) !== sleeper) return undefined;
    s3.fault = undefined;
    heldKey = key;
    const held = await detach(request);
    sleeper.signal("SIGSTOP");
    asleep.resolve();
    await awake.promise;
    return await answerS3(s3.buckets, held, Date.now);
  };
  await within(asleep.promise, "an upload of the worker that is to sleep");
  // Whoever came first may have read both shards for a moment, before the other took one over.
  const reads = new RegExp(`Reading ${inherited} `);
  const before = heir.log.filter((line) => reads.test(line)).length;
  await untilAllHeldBy(ledger, await nameOf(heir));
  // The heir reads the shard once the upload can have no effect any more.
  await heir.until(reads, before + 1);
  ok(bucket.has(heldKey), "the key of the upload is free, so that it could still land");
  sleeper.signal("SIGCONT");
  awake.resolve();
  await sleeper.until(/Lost the lease of shardId-/);
  await untilShared(ledger);
  await assertComplete(pipeline, producer, [sleeper, heir]);
});
