import { deepStrictEqual, equal, match } from "node:assert/strict";
import { runCommand } from "./fake_context.ts";

const ARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks_prod";

Deno.test("--stream takes an ARN, without a configuration", async () => {
  const directory = await Deno.makeTempDir();
  const args = ["ls", "--stream", ARN, "--bucket", `file://${directory}`, "--json"];
  const { code, stderr } = await runCommand(args);
  deepStrictEqual([code, stderr], [0, ""]);
  await Deno.remove(directory, { recursive: true });
});

Deno.test("--stream says what is wrong with another ARN", async () => {
  const consumer = `${ARN}/consumer/fast:1`;
  const { code, stderr } = await runCommand(["shards", "--stream", consumer]);
  equal(code, 1);
  match(stderr, /it is a consumer with enhanced fan-out, which Triton does not use; use "arn:/);
});

Deno.test("put by an ARN needs a configuration with the partition key", async () => {
  const { code, stderr } = await runCommand(["put", "--stream", ARN]);
  equal(code, 2);
  match(stderr, /^triton: No configuration: pass --config or set TRITON_CONFIG/);
});

Deno.test("commands about a stream say that TRITON_CONFIG is missing", async () => {
  const commands = [
    ["shards", "--stream", "clicks"],
    ["tail", "--stream", "clicks"],
    ["store", "--stream", "clicks", "--bucket", "b"],
    ["ls", "--stream", "clicks", "--bucket", "b"],
    ["verify", "--stream", "clicks", "--bucket", "b"],
    ["cat", "--stream", "clicks", "--bucket", "b", "--start-date", "20150710"],
    ["checkpoint", "list", "--stream", "clicks", "--client-name", "c"],
  ];
  for (const args of commands) {
    const { code, stderr } = await runCommand(args);
    equal(code, 2, args[0]);
    match(stderr, /^triton: No configuration: pass --config or set TRITON_CONFIG to the YAML file/);
  }
});

Deno.test("--bucket says what to use instead of the key of a file", async () => {
  const bucket = "s3://b/20150710/clicks-store-1436553581.tri";
  const { code, stderr } = await runCommand(["ls", "--stream", "clicks", "--bucket", bucket]);
  equal(code, 2);
  match(stderr, /Use the location of the archive, not a file in it: s3:\/\/b\.\n/);
});

Deno.test("cat says how to read a file in S3", async () => {
  const { code, stderr } = await runCommand(["cat", "s3://b/logs/20150710/clicks-store-1.tri"]);
  equal(code, 1);
  equal(
    stderr,
    'triton: Cannot read "s3://b/logs/20150710/clicks-store-1.tri": it is in S3; pass its key: echo ' +
      "20150710/clicks-store-1.tri | triton cat --bucket s3://b/logs --keys-from -\n",
  );
});
