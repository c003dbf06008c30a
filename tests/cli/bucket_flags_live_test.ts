/**
 * The settings of buckets, by flags and by the configuration, as S3 sees them.
 *
 * @module
 */

import { deepEqual, equal, match } from "node:assert/strict";
import { BUCKET, startPipeline } from "../e2e/pipeline.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import { STREAM } from "../e2e/pipeline.ts";

const OF_WRITING = {
  "x-amz-storage-class": "STANDARD_IA",
  "x-amz-tagging": "team=data&cost%20center=007",
  "x-amz-server-side-encryption": "aws:kms",
  "x-amz-server-side-encryption-aws-kms-key-id": "alias/archive",
  "x-amz-server-side-encryption-bucket-key-enabled": "true",
  "x-amz-acl": "bucket-owner-full-control",
};
const OF_ALL = {
  "x-amz-expected-bucket-owner": "111122223333",
  "x-amz-request-payer": "requester",
};
const HEADERS = { ...OF_WRITING, ...OF_ALL };

const FLAGS_OF_ALL = ["--expected-bucket-owner", "111122223333", "--request-payer"];
const FLAGS = [
  ...["--storage-class", "STANDARD_IA", "--object-tag", "team=data"],
  ...["--object-tag", "cost center=007", "--sse", "aws:kms", "--sse-kms-key-id", "alias/archive"],
  ...["--bucket-key-enabled", "--acl", "bucket-owner-full-control", ...FLAGS_OF_ALL],
];

/** The same, of a stream. */
const YAML = [
  "archive:",
  "  storage_class: STANDARD_IA",
  "  object_tags: { team: data, cost center: 007 }",
  "  sse: aws:kms",
  "  sse_kms_key_id: alias/archive",
  "  bucket_key_enabled: true",
  "  acl: bucket-owner-full-control",
  "  expected_bucket_owner: 111122223333",
  "  request_payer: requester",
];

/** Starts a pipeline that notes which headers each command sends. */
async function start(settings: readonly string[]) {
  const pipeline = await startPipeline({ settings: () => settings, shards: 1 });
  const seen: { operation: string; key: string; headers: Record<string, string> }[] = [];
  pipeline.s3.fault = ({ operation, key, request }) => {
    const headers = [...request.headers].filter(([name]) => Object.hasOwn(HEADERS, name));
    seen.push({ operation, key, headers: Object.fromEntries(headers) });
    return undefined;
  };
  const store = async (...args: string[]) => {
    await pipeline.kinesis.kinesis.putRecords(STREAM, [
      { partitionKey: "a", data: encodeEvent({ id: "a" }) },
    ]);
    await using worker = pipeline.store(...args);
    await worker.until(/Archived .*closed by time/);
    const { code, stderr } = await worker.stop();
    equal(code, 0, stderr);
  };
  const requests = () => seen.splice(0);
  return Object.assign(pipeline, { storeOnce: store, requests });
}

type Started = Awaited<ReturnType<typeof start>>;

/** Checks that all requests since the last check have these headers, and PutObject those. */
function check({ requests }: Started, all: object, put: object = { ...all, ...OF_WRITING }): void {
  const seen = requests();
  equal(seen.length > 0, true);
  for (const { operation, key, headers } of seen) {
    const expected: Record<string, unknown> = { ...operation === "PutObject" ? put : all };
    if (operation === "HeadBucket") delete expected["x-amz-request-payer"];
    deepEqual(headers, expected, `${operation} ${key}`);
  }
}

/** Commands that only read the archive. */
const READERS = [
  ...["ls", "ls --long", "verify", "quarantine", "cat --start-date 20150101 --end-date 20991231"],
  ...["checkpoint recover --dry-run", "tail --from 2020-01-01 --limit 1"],
];

Deno.test("each command sends the settings of its flags with the requests that they are for", async () => {
  await using pipeline = await start([]);
  await pipeline.storeOnce(...FLAGS);
  check(pipeline, OF_ALL);
  const stream = ["--stream", "clicks"];
  for (const command of READERS) {
    const { code, stderr } = await pipeline.run([
      ...[...command.split(" "), ...stream, ...FLAGS_OF_ALL],
    ]);
    equal(code, 0, stderr);
    check(pipeline, OF_ALL);
  }
  const listed = await pipeline.run(["ls", "--json", ...stream]);
  equal(JSON.parse(listed.stdout.split("\n")[0]!).storageClass, "STANDARD_IA");
  pipeline.requests();
  const { stdout } = await pipeline.run(["doctor", ...stream, ...FLAGS]);
  match(stdout, /objects can be put/);
  check(pipeline, OF_ALL);
  const to = ["--to", `s3://${BUCKET}/tables`, "--columns", "id"];
  equal((await pipeline.run(["export", ...stream, ...to, ...FLAGS])).code, 0);
  check(pipeline, OF_ALL);
});

Deno.test("what the configuration says of a bucket is for that bucket, not for the target of exports", async () => {
  await using pipeline = await start(YAML);
  await pipeline.storeOnce("--acl", "private");
  check(pipeline, OF_ALL);
  for (const command of ["ls", "verify"]) {
    equal((await pipeline.run([command, "--stream", "clicks"])).code, 0);
    check(pipeline, OF_ALL);
  }
  const to = ["--to", `s3://${BUCKET}/tables`, "--columns", "id", "--acl", "private"];
  equal((await pipeline.run(["export", "--stream", "clicks", ...to])).code, 0);
  const isTarget = ({ key }: { key: string }) => key.startsWith("tables");
  const puts = pipeline.requests().filter(({ operation }) => operation === "PutObject");
  equal(puts.length > 0 && puts.every(isTarget), true);
  for (const { headers } of puts) deepEqual(headers, { "x-amz-acl": "private" });
});
