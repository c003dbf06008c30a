/** A bucket and a database of go-triton, with which `triton store` goes on. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { DatabaseSync } from "node:sqlite";
import { encodeEvent, encodeSnappyFrames, formatArchiveKey } from "@triton/triton/codec";
import { listAllShards } from "@triton/triton/kinesis";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { GO_TRITON_TABLE } from "../checkpoint/go_triton.ts";
import { untilTrue } from "../support/within.ts";
import { assertArchived, EventCounter } from "./audit.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "./pipeline.ts";

/** How many events there are, and how many of them go-triton has archived. */
const TOTAL = 400;
const ARCHIVED = 250;

/** One event where it is in the stream. */
interface Placed {
  readonly n: number;
  readonly shardId: ShardId;
  readonly sequenceNumber: SequenceNumber;
  readonly event: Uint8Array;
}

Deno.test("triton store continues where go-triton stopped: no record twice, none lost", async () => {
  await using pipeline = await startPipeline({ shards: 3 });
  const placed = await putEvents(pipeline);
  const old = placed.slice(0, ARCHIVED);
  const { s3 } = pipeline;
  const bucket = s3.buckets.get(BUCKET)!;
  const now = Math.floor(Date.now() / 1000);
  await putGoTritonArchive(pipeline, now - 7_200, old.slice(0, 130));
  await putGoTritonArchive(pipeline, now - 3_600, old.slice(130));
  const database = `${pipeline.directory}/triton-s3.db`;
  leaveDatabase(database, old);

  const url = ["--checkpoint-db", `sqlite://${database}`];
  const store = pipeline.store(...url);
  const counter = new EventCounter(bucket);
  await untilTrue(async () => await counter.count() >= TOTAL, "the rest to be archived");
  equal((await store.stop()).code, 0);

  const shards = await listAllShards(pipeline.kinesis.kinesis, STREAM);
  const byShard = Map.groupBy(placed, ({ shardId }) => shardId);
  equal(byShard.size, 3);
  const numbers = new Map([...byShard].map(([id, events]) => [id, events.map(({ n }) => n)]));
  assertArchived(await counter.numbers(), numbers, shards);

  const cat = await pipeline.cat();
  equal(cat.code, 0, cat.stderr);
  const printed = cat.stdout.trimEnd().split("\n").map((line) => JSON.parse(line).n as number);
  deepStrictEqual(printed.slice(0, ARCHIVED), old.map(({ n }) => n));
  deepStrictEqual(printed.toSorted((a, b) => a - b), placed.map(({ n }) => n));

  const verified = await pipeline.verify(...url);
  equal(verified.code, 0, `${verified.stdout}\n${verified.stderr}`);
  match(verified.stdout, /unprovable +2 files without a manifest/);
});

/** Puts events of a few kilobytes, so that blocks of 64 KiB cut some of them. */
async function putEvents({ kinesis }: Pipeline): Promise<Placed[]> {
  const entries = Array.from({ length: TOTAL }, (_, n) => {
    const text = `${n} `.repeat(500);
    return { partitionKey: `key-${n % 32}`, data: encodeEvent({ n, text }) };
  });
  const results = await kinesis.kinesis.putRecords(STREAM, entries);
  return results.map((result, n) => {
    ok(result.ok);
    return { ...result, n, event: entries[n]!.data };
  });
}

/** Puts an archive: a stream identifier at every flush, blocks of 64 KiB, no manifest. */
async function putGoTritonArchive(
  { s3 }: Pipeline,
  createdAt: number,
  events: readonly Placed[],
): Promise<void> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < events.length; at += 70) {
    const flushed = Buffer.concat(events.slice(at, at + 70).map(({ event }) => event));
    ok(flushed.length > 2 ** 16, "a flush of one block cuts no event");
    for await (const frame of encodeSnappyFrames(flushed)) parts.push(frame);
  }
  const key = formatArchiveKey({ stream: STREAM, client: "store", createdAt });
  const body = new Uint8Array(Buffer.concat(parts));
  s3.buckets.get(BUCKET)!.set(key, { body, etag: '"go"', modifiedAt: new Date(), metadata: {} });
}

/** Makes go-triton's database, with its positions after `events`. */
function leaveDatabase(path: string, events: readonly Placed[]): void {
  const database = new DatabaseSync(path);
  database.exec(GO_TRITON_TABLE);
  const insert = database.prepare("INSERT INTO triton_checkpoint VALUES ('store', ?, ?, ?, ?)");
  const last = new Map(events.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]));
  const updated = Math.floor(Date.now() / 1000);
  for (const [shardId, position] of last) insert.run(STREAM, shardId, position, updated);
  database.close();
}
