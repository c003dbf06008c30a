import { Command } from "commander";
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { BUCKET_SETTINGS } from "../../../src/base/settings/bucket_setting_list.ts";
import {
  addBucketFlags,
  type BucketFlags,
  settingsOfMany,
  settingsOfStream,
} from "../../../src/cli/options/bucket_flags.ts";
import { UsageError } from "../../../src/cli/options/usage_error.ts";
import { runCommand } from "../fake_context.ts";

const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd";

function parse(use: "read" | "write", ...args: string[]): BucketFlags {
  const command = addBucketFlags(new Command(), use).exitOverride();
  command.configureOutput({ writeErr: () => {} });
  return command.parse(args, { from: "user" }).opts();
}

Deno.test("addBucketFlags() has a flag for each setting of a bucket", () => {
  const args = [
    ...["--storage-class", "GLACIER_IR", "--object-tag", "team=data", "--object-tag", "env=prod"],
    ...["--sse", "aws:kms", "--sse-kms-key-id", KEY, "--bucket-key-enabled"],
    ...["--acl", "bucket-owner-full-control", "--expected-bucket-owner", "111122223333"],
    ...["--request-payer", "--use-dualstack-endpoint", "--use-fips-endpoint"],
  ];
  const settings = settingsOfStream(parse("write", ...args));
  deepEqual(settings, {
    storageClass: "GLACIER_IR",
    objectTags: { team: "data", env: "prod" },
    sse: "aws:kms",
    sseKmsKeyId: KEY,
    bucketKeyEnabled: true,
    acl: "bucket-owner-full-control",
    expectedBucketOwner: "111122223333",
    requestPayer: "requester",
    useDualstackEndpoint: true,
    useFipsEndpoint: true,
  });
  equal(settingsOfStream(parse("read", "--use-accelerate-endpoint")).useAccelerateEndpoint, true);
  deepEqual(settingsOfStream(parse("write")), {});
});

Deno.test("addBucketFlags() leaves out of commands that read what is about writing", () => {
  for (const { flag, isForWriting, value, preset } of BUCKET_SETTINGS) {
    const args = value === undefined || preset !== undefined ? [flag] : [flag, "nonsense"];
    if (isForWriting) throws(() => parse("read", ...args), { code: "commander.unknownOption" });
  }
});

Deno.test("addBucketFlags() says what is right", () => {
  const refused: [string[], RegExp][] = [
    [["--storage-class", "DEEP_ARCHIVE"], /cannot be read until it is restored\.$/],
    [["--object-tag", "a=1", "--object-tag", "a=2"], /Use a tag once: there is a=1\.$/],
    [["--sse", "kms"], /Allowed choices are AES256, aws:kms, aws:kms:dsse\.$/],
    [["--expected-bucket-owner", "me"], /12 digits/],
  ];
  for (const [args, message] of refused) throws(() => parse("write", ...args), { message });
});

Deno.test("settingsOfStream() prefers flags, settingsOfMany() the configuration", () => {
  const flags = { acl: "private", sse: "aws:kms", sseKmsKeyId: "k" } as const;
  const archive = { acl: "public-read", sse: "AES256", bucket: "b" } as const;
  deepEqual(settingsOfStream(flags, archive), flags);
  deepEqual(settingsOfMany(flags, archive), { acl: "public-read", sse: "AES256" });
  throws(() => settingsOfStream({ sseKmsKeyId: "k" }, { sse: "AES256" }), (error) => {
    equal(error instanceof UsageError, true);
    match((error as Error).message, /^Cannot use --sse-kms-key-id without --sse aws:kms/);
    return true;
  });
});

Deno.test("commands refuse flags that do not go together before anything else", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(file, "clicks: { name: clicks, region: us-east-1 }\n");
  const flags = ["--stream", "clicks", "--bucket", "s3://b", "--config", file];
  for (const command of ["store", "doctor", "export --to s3://t"]) {
    const args = [...command.split(" "), ...flags, "--sse-kms-key-id", "k"];
    const { code, stderr } = await runCommand(args);
    equal(code, 2, stderr);
    match(stderr, /Cannot use --sse-kms-key-id without --sse aws:kms or aws:kms:dsse/);
  }
  const together = ["--use-fips-endpoint", "--use-accelerate-endpoint"];
  for (const command of ["ls", "verify", "quarantine", "cat --start-date 20150701"]) {
    const { code, stderr } = await runCommand([...command.split(" "), ...flags, ...together]);
    equal(code, 2, stderr);
    match(stderr, /Cannot use --use-accelerate-endpoint with --use-fips-endpoint/);
  }
  await Deno.remove(file);
});

Deno.test("each command with --bucket has the flags for buckets, those that write all of them", async () => {
  const { stdout } = await runCommand(["completions", "fish"]);
  const flags = new Map<string, Set<string>>();
  for (const [, command, flag] of stdout.matchAll(/'__triton_at ([^']+)' -l (\S+) /g)) {
    flags.set(command!, (flags.get(command!) ?? new Set()).add(`--${flag}`));
  }
  const commands = [...flags].filter(([, has]) => has.has("--bucket")).map(([name]) => name);
  ok(commands.length >= 12, commands.join());
  for (const command of commands) {
    const writes = ["store", "doctor", "export"].includes(command);
    for (const { flag, isForWriting } of BUCKET_SETTINGS) {
      equal(flags.get(command)!.has(flag), writes || !isForWriting, `${command} ${flag}`);
    }
  }
});
