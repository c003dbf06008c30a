/** The drills of docs/operations.md, done word by word. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { ROOT } from "../docs/markdown.ts";
import { S3Bucket } from "../support/s3_operations.ts";
import { startKinesalite } from "../support/kinesalite.ts";
import { startKinesisProxy } from "../support/kinesis_proxy.ts";
import { s3Error } from "../support/s3_server.ts";
import { untilTrue } from "../support/within.ts";
import { EventCounter } from "./audit.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "./pipeline.ts";
import { commandsUnder, runLine, runLines } from "./run_book.ts";

const SHARE = 20;
const OLD = "s3://triton-prod";
const NEXT = "s3://triton-new";
const NAMES = { [OLD]: `s3://${BUCKET}`, [NEXT]: NEXT };

/** Puts the next events. */
async function put({ run }: Pipeline, from: number, count = SHARE): Promise<void> {
  const lines = Array.from({ length: count }, (_, i) => `{"id":"e${from + i}","n":${from + i}}\n`);
  const { code, stderr } = await run(["put", "--stream", "clicks"], lines.join(""));
  equal(code, 0, stderr);
}

/** Archives until a bucket holds so many events, and stops. */
async function archive(
  pipeline: Pipeline,
  total: number,
  args: readonly string[] = [],
  bucket = BUCKET,
): Promise<void> {
  const store = pipeline.store(...args);
  const counter = new EventCounter(pipeline.s3.buckets.get(bucket)!);
  await untilTrue(async () => store.over || await counter.count() >= total, "all to be archived");
  const { code, stderr } = await store.stop();
  equal(code, 0, stderr);
  equal(await counter.count(), total);
}

/** What the last line of a `store` that is to end by itself says. */
async function refusal(pipeline: Pipeline, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await pipeline.store(...args).ended;
  equal(code, 1, stderr);
  return JSON.parse(stderr.trimEnd().split("\n").at(-1)!).message;
}

function databaseFiles({ database }: Pipeline): string[] {
  return ["", "-wal", "-shm"].map((end) => database.slice("sqlite://".length) + end);
}

async function loseDatabase(pipeline: Pipeline): Promise<void> {
  for (const path of databaseFiles(pipeline)) await Deno.remove(path).catch(() => {});
}

/** A copy of the database, which is closed; it comes back in the place of what is there then. */
async function backUp(pipeline: Pipeline): Promise<() => Promise<void>> {
  const [path] = databaseFiles(pipeline);
  await Deno.copyFile(path!, `${path}.backup`);
  return async () => {
    await loseDatabase(pipeline);
    await Deno.copyFile(`${path}.backup`, path!);
  };
}

async function numbersIn({ s3 }: Pipeline, bucket = BUCKET): Promise<number[]> {
  const numbers = await new EventCounter(s3.buckets.get(bucket)!).numbers();
  return numbers.sort((a, b) => a - b);
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

Deno.test("drill: the database was lost, and then restored from a backup", async () => {
  const lines = commandsUnder("The database was lost").slice(0, 3);
  await using pipeline = await startPipeline({ shards: 1 });
  await put(pipeline, 0);
  await archive(pipeline, SHARE);
  const restore = await backUp(pipeline);
  await put(pipeline, SHARE);
  await archive(pipeline, 2 * SHARE);
  for (const [count, mishap] of [[3, () => loseDatabase(pipeline)], [4, restore]] as const) {
    await mishap();
    await put(pipeline, (count - 1) * SHARE);
    match(await refusal(pipeline), /further than the database knows.*triton checkpoint recover/);
    const [dry, moved, verified] = await runLines(pipeline, lines);
    match(dry!.stdout, /^1 position would be moved$/m);
    match(moved!.stdout, /^1 position moved$/m);
    match(verified!.stdout, /^The archive is whole\.$/m);
    await archive(pipeline, count * SHARE);
  }
  deepStrictEqual(await numbersIn(pipeline), upTo(4 * SHARE));
  await runLines(pipeline, lines.slice(2));
});

Deno.test("drill: the database was lost under systemd: the line has the settings of the unit", async () => {
  const [line] = commandsUnder("The database was lost").filter((one) => /^systemd-run/.test(one));
  const unit = await Deno.readTextFile(`${ROOT}/examples/deploy/systemd/triton-store@.service`);
  const settings = unit.replaceAll("%i", "user_activity").split("\n");
  const properties = line!.matchAll(/--property=(\S+)/g).map(([, property]) => property!).toArray();
  deepStrictEqual(properties.filter((property) => !settings.includes(property)), []);
  const needed = /^(DynamicUser|StateDirectory|WorkingDirectory|UMask|Environment(File)?)=/;
  deepStrictEqual(settings.filter((one) => needed.test(one) && !properties.includes(one)), []);
  const [, step] = commandsUnder("The database was lost");
  ok(line!.endsWith(` /usr/local/bin/${commandsUnder("The database was lost")[1]}`), step);
});

Deno.test("drill: the database was lost after --skip-to-latest", async () => {
  const lines = commandsUnder("The database was lost").slice(0, 2);
  await using pipeline = await startPipeline({ shards: 1 });
  await put(pipeline, 0);
  await archive(pipeline, SHARE);
  await put(pipeline, SHARE);
  const store = pipeline.store("--skip-to-latest");
  await store.until(/shard\.started/);
  await put(pipeline, 2 * SHARE);
  // What was put in the second before the skip may be archived, too.
  const isRead = async () => (await numbersIn(pipeline)).includes(3 * SHARE - 1);
  await untilTrue(isRead, "what follows to be archived");
  equal((await store.stop()).code, 0);
  const before = await numbersIn(pipeline);
  await loseDatabase(pipeline);
  await put(pipeline, 3 * SHARE);
  match(await refusal(pipeline), /triton checkpoint recover/);
  const [, moved] = await runLines(pipeline, lines);
  match(moved!.stdout, /^1 position moved$/m);
  match(moved!.stderr, /the chain ends with \d+ and begins anew/);
  await archive(pipeline, before.length + SHARE);
  equal(new Set(await numbersIn(pipeline)).size, before.length + SHARE);
  const verified = await pipeline.verify("--checkpoint-db", pipeline.database, "--accept-gaps");
  equal(verified.code, 0, verified.stdout + verified.stderr);
  match(verified.stdout, /skipped, noticed/);
});

Deno.test("drill: another bucket, and a database restored from before the move", async () => {
  const move = (await Deno.readTextFile(`${ROOT}/docs/operations.md`)).split("\n")
    .map((line) => line.trim()).filter((line) => /^triton checkpoint move-bucket/.test(line));
  const pair = commandsUnder("The database was lost").slice(-3);
  await using pipeline = await startPipeline({ shards: 1 });
  pipeline.s3.buckets.set("triton-new", new S3Bucket());
  await put(pipeline, 0);
  await archive(pipeline, SHARE);
  const restore = await backUp(pipeline);
  await put(pipeline, SHARE);
  await archive(pipeline, 2 * SHARE);
  await runLines(pipeline, move.filter((line) => !pair.includes(line)).slice(0, 1), NAMES);
  await runLines(pipeline, pair.slice(1, 2), NAMES);
  await put(pipeline, 2 * SHARE);
  await archive(pipeline, SHARE, ["--bucket", NEXT], "triton-new");
  await restore();
  await put(pipeline, 3 * SHARE);
  match(await refusal(pipeline, "--bucket", NEXT), /the archive of client "store" is in s3:/);
  const early = await runLine(pipeline, pair[1]!, NAMES);
  match(early.stderr, /the database is behind the archive.*checkpoint recover with that bucket/);
  const [first, , second] = await runLines(pipeline, pair, NAMES);
  for (const { stdout } of [first!, second!]) match(stdout, /^1 position moved$/m);
  await archive(pipeline, 2 * SHARE, ["--bucket", NEXT], "triton-new");
  const all = [...await numbersIn(pipeline), ...await numbersIn(pipeline, "triton-new")];
  deepStrictEqual(all, upTo(4 * SHARE));
  for (const bucket of [NAMES[OLD]!, NEXT]) {
    const database = ["--checkpoint-db", pipeline.database, "--bucket", bucket];
    const verified = await pipeline.verify(...database);
    equal(verified.code, 0, verified.stdout + verified.stderr);
  }
});

Deno.test("drill: the stream was recreated", async () => {
  const lines = commandsUnder("The stream was recreated");
  await using pipeline = await startPipeline({ shards: 1 });
  await put(pipeline, 0);
  await archive(pipeline, SHARE);
  const refused = await runLine(pipeline, lines[1]!);
  equal(refused.code, 1);
  match(refused.stderr, /they belong to the current stream/);
  const { kinesis } = pipeline;
  await kinesis.client.deleteStream({ StreamName: STREAM });
  const isGone = () => kinesis.kinesis.describeStream(STREAM).then(() => false, () => true);
  await untilTrue(isGone, "the stream to be gone");
  // Kinesis tells when a stream was created to the second.
  const created = Math.floor(Date.now() / 1000);
  await untilTrue(() => Math.floor(Date.now() / 1000) > created, "the next second");
  await kinesis.createStream(STREAM, 1);
  await put(pipeline, SHARE);
  match(await refusal(pipeline), /it was created at .*triton checkpoint forget/);
  const doctor = await pipeline.run(["doctor", "--stream", "clicks"]);
  match(doctor.stdout, /triton checkpoint forget/);
  const [dry, done] = await runLines(pipeline, lines);
  match(dry!.stdout, /^1 position would be forgotten$/m);
  match(done!.stdout, /^1 position forgotten$/m);
  await archive(pipeline, 2 * SHARE);
  deepStrictEqual(await numbersIn(pipeline), upTo(2 * SHARE));
  const verified = await pipeline.verify("--checkpoint-db", pipeline.database, "--accept-gaps");
  equal(verified.code, 0, verified.stdout + verified.stderr);
  match(verified.stdout, /recreated, noticed/);
});

Deno.test("drill: the bucket was emptied", async () => {
  const lines = commandsUnder("The bucket was emptied");
  await using pipeline = await startPipeline({ shards: 2 });
  await put(pipeline, 0);
  await archive(pipeline, SHARE);
  pipeline.s3.buckets.set(BUCKET, new S3Bucket());
  await put(pipeline, SHARE);
  match(
    await refusal(pipeline),
    /is not in s3:\S+ any more.*Kinesis still holds.*--archive-is-gone/,
  );
  const doctor = await pipeline.run(["doctor", "--stream", "clicks"]);
  equal(doctor.code, 1);
  match(doctor.stdout, /--archive-is-gone/);
  const [dry, done] = await runLines(pipeline, lines);
  match(dry!.stdout, /^2 positions would be moved$/m);
  match(done!.stdout, /^2 positions moved$/m);
  await archive(pipeline, 2 * SHARE);
  deepStrictEqual(await numbersIn(pipeline), upTo(2 * SHARE));
  const verified = await pipeline.verify("--checkpoint-db", pipeline.database);
  equal(verified.code, 0, verified.stdout + verified.stderr);
});

Deno.test("drill: Kinesis and S3 reject the credentials during the run", async () => {
  const kinesis = await startKinesalite(); // which the pipeline stops
  await using proxy = startKinesisProxy(kinesis.url);
  await using pipeline = await startPipeline({ kinesis, kinesisUrl: proxy.url, shards: 1 });
  await put(pipeline, 0);
  const store = pipeline.store();
  const counter = new EventCounter(pipeline.s3.buckets.get(BUCKET)!);
  await untilTrue(async () => await counter.count() >= SHARE, "the first to be archived");
  proxy.refusals.set("GetRecords", "AccessDeniedException");
  await put(pipeline, SHARE);
  await store.until(/shard\.failed.*AccessDenied/);
  proxy.refusals.clear();
  await store.until(/shard\.resumed/);
  await untilTrue(async () => await counter.count() >= 2 * SHARE, "the rest to be archived");
  pipeline.s3.fault = (request) => s3Error(403, "AccessDenied", request);
  await put(pipeline, 2 * SHARE);
  const { code, stderr } = await store.ended;
  equal(code, 1);
  match(stderr.trimEnd().split("\n").at(-1)!, /command\.failed.*access denied/);
  pipeline.s3.fault = undefined;
  await archive(pipeline, 3 * SHARE);
  deepStrictEqual(await numbersIn(pipeline), upTo(3 * SHARE));
  await runLines(pipeline, commandsUnder("The database was lost").slice(2, 3));
});

Deno.test("drill: the retention was over before records were archived", async () => {
  const kinesis = await startKinesalite(); // which the pipeline stops
  await using proxy = startKinesisProxy(kinesis.url);
  await using pipeline = await startPipeline({ kinesis, kinesisUrl: proxy.url, shards: 1 });
  await put(pipeline, 0);
  await archive(pipeline, SHARE);
  await put(pipeline, SHARE);
  proxy.date = new Date(Date.now() + 25 * 3_600_000);
  await archive(pipeline, 2 * SHARE);
  const [line] = commandsUnder("TritonGapRecorded");
  const verified = await runLine(pipeline, line!);
  equal(verified.code, 1, verified.stderr);
  match(verified.stdout, /recorded gap [0-9a-f]{12}: store shardId-0{12} .*: retention, noticed/);
});
