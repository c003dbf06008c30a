/** What `triton store` does about services that are down, or refuse it. */

import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { startPostgres } from "../support/postgres.ts";
import { s3Error } from "../support/s3_server.ts";
import type { TritonResult } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";
import { EventCounter } from "./audit.ts";
import { NumberedProducer } from "./numbered_producer.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "./pipeline.ts";

const NOWHERE = "http://127.0.0.1:2"; // nobody listens there

Deno.test("triton store waits for a database that is down, and then archives", async () => {
  await using postgres = await startPostgres();
  await using pipeline = await startPipeline({ database: await postgres.createDatabase() });
  await using producer = new NumberedProducer(pipeline.kinesis.kinesis, STREAM);
  await producer.more(10);
  await producer.stop();
  await postgres.stop();
  const store = pipeline.store();
  await store.until(
    /"warning".*ledger failed, retrying in \d+ ms: Cannot open .* ECONNREFUSED/,
  );
  for (const secret of [postgres.password, encodeURIComponent(postgres.password)]) {
    ok(!store.log.join("\n").includes(secret), "the log tells the password");
  }
  await postgres.start();
  await store.until(/Archived \S+: \d+ events/);
  equal((await store.stop()).code, 0);
  equal(await new EventCounter(pipeline.s3.buckets.get(BUCKET)!).count(), producer.count);
});

Deno.test("triton store ends at SIGTERM while a service is down and nothing is read", async () => {
  await using postgres = await startPostgres();
  await using pipeline = await startPipeline({ database: postgres.url });
  await postgres.stop();
  const withoutDatabase = pipeline.store();
  const sqlite = ["--checkpoint-db", `sqlite://${pipeline.directory}/triton.db`];
  const withoutS3 = pipeline.storeWith({ AWS_ENDPOINT_URL_S3: NOWHERE }, ...sqlite);
  const withoutKinesis = pipeline.storeWith({ AWS_ENDPOINT_URL_KINESIS: NOWHERE }, ...sqlite);
  await withoutDatabase.until(/"warning".*ledger failed, retrying/);
  await withoutS3.until(/"warning".*object store failed, retrying/);
  await withoutKinesis.until(/"warning".*Kinesis failed, retrying/);
  for (const store of [withoutDatabase, withoutS3, withoutKinesis]) {
    equal((await store.stop("SIGTERM")).code, 0);
  }
});

Deno.test("triton store reports in one sentence what is missing, and exits with 1", async () => {
  await using pipeline = await startPipeline();
  const missingBucket = await pipeline.run([...STORE, "--bucket", "s3://no-such-bucket"]);
  assertFailed(missingBucket, /no-such-bucket.*(NoSuchBucket|does not exist|no such bucket)/i);

  const config = `${pipeline.directory}/other.yaml`;
  await Deno.writeTextFile(config, "clicks:\n  name: no-such-stream\n  region: us-east-1\n");
  const missingStream = await pipeline.run([...STORE, "--config", config]);
  assertFailed(missingStream, /no-such-stream.*not found/i);
});

Deno.test("triton store exits with 1 if it must not write, and archives everything later", async () => {
  await using pipeline = await startPipeline();
  const { s3 } = pipeline;
  await using producer = new NumberedProducer(pipeline.kinesis.kinesis, STREAM);
  await producer.more(10);
  await producer.stop();
  const deny = (from: number) => {
    let puts = 0;
    s3.fault = (request) => {
      const denied = request.operation === "PutObject" && ++puts >= from;
      return denied ? s3Error(403, "AccessDenied", request) : undefined;
    };
  };
  deny(1); // the probe
  assertFailed(await pipeline.run(STORE), /Cannot put s3:\S+ access denied/);
  deny(3); // the first archive, with records in memory
  assertFailed(await pipeline.run([...STORE, "--rotate", "1s"]), /Cannot put s3:\S+ access denied/);
  s3.fault = undefined;
  await assertArchivesAll(pipeline, producer.count);
});

Deno.test("triton cat logs that it retries S3, and prints everything", async () => {
  await using pipeline = await startPipeline();
  const put = await pipeline.run(["put", "--stream", "clicks"], '{"id":1,"n":1}\n');
  equal(put.code, 0, put.stderr);
  await assertArchivesAll(pipeline, 1);
  const refused = new Set<string>();
  pipeline.s3.fault = (request) => {
    if (refused.has(request.operation)) return undefined;
    refused.add(request.operation);
    return s3Error(503, "SlowDown", request);
  };
  const { code, stdout, stderr } = await pipeline.cat();
  equal(code, 0);
  equal(stdout, '{"id":1,"n":1}\n');
  const events = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const operation of ["list", "get"]) {
    const retried = events.find(({ reason }) => reason?.startsWith(`Cannot ${operation} s3:`));
    deepStrictEqual([retried?.level, retried?.event], ["warning", "request.retried"]);
    match(retried.message, /^object store failed, retrying in \d+ ms: /);
  }
});

Deno.test("triton cat reports in one sentence what S3 rejects, and exits with 1", async () => {
  await using pipeline = await startPipeline();
  pipeline.s3.fault = (request) => s3Error(403, "AccessDenied", request);
  assertFailed(await pipeline.cat(), /Cannot list s3:\S+ access denied/);
});

const STORE = ["store", "--stream", "clicks"];

/** Asserts that a command failed, and that one sentence at the end says why: `store`'s as an event. */
function assertFailed({ code, stdout, stderr }: TritonResult, why: RegExp): void {
  const last = stderr.trimEnd().split("\n").at(-1)!;
  equal(code, 1, stderr);
  match(last, /^triton: Cannot |"event":"command\.failed","message":"Cannot /);
  match(last, why);
  equal(stdout, "");
}

async function assertArchivesAll(pipeline: Pipeline, count: number): Promise<void> {
  const counter = new EventCounter(pipeline.s3.buckets.get(BUCKET)!);
  const store = pipeline.store();
  await untilTrue(async () => await counter.count() >= count, "all to be archived");
  equal((await store.stop()).code, 0);
  equal(await counter.count(), count);
}
