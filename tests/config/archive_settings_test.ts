import { ConfigError, parseConfig } from "@triton/triton/config";
import { deepStrictEqual, equal, ok, throws } from "node:assert/strict";

/** The settings of a stream `a` whose `archive:` has these lines. */
function settings(...lines: string[]) {
  return parseConfig(textOf(lines)).stream("a").archive;
}

/** The message about these lines of `archive:`, the first of which is line 4. */
function messageOf(...lines: string[]): string {
  let message = "";
  throws(() => parseConfig(textOf(lines), { now: Date.UTC(2026, 0, 1) }), (error) => {
    message = (error as Error).message;
    return error instanceof ConfigError;
  });
  return message;
}

function textOf(lines: readonly string[]): string {
  return ["a:", "  name: x", "  archive:", ...lines.map((line) => `    ${line}`), ""].join("\n");
}

Deno.test("parseConfig() reads every key of archive:, in units of programs", () => {
  deepStrictEqual(
    settings(
      ...["bucket: s3://triton-prod/clicks", "client: store2", "rotate: 15m", "max_size: 64MiB"],
      ...["from: 2026-09-01", "enabled: false"],
    ),
    {
      bucket: "s3://triton-prod/clicks",
      client: "store2",
      rotateMs: 900_000,
      maxSize: 64 * 2 ** 20,
      from: { type: "at-timestamp", timestamp: new Date("2026-09-01T00:00:00Z") },
      enabled: false,
    },
  );
  deepStrictEqual(settings("from: latest"), { from: { type: "latest" } });
  deepStrictEqual(settings("max_size: 1048576"), { maxSize: 1_048_576 });
  ok(Object.isFrozen(settings("enabled: true")));
});

Deno.test("parseConfig() reads how a bucket is used", () => {
  deepStrictEqual(
    settings(
      ...["storage_class: STANDARD_IA", "object_tags:", "  team: data", "  cost: 007"],
      ...["sse: aws:kms", "sse_kms_key_id: alias/archive", "bucket_key_enabled: true"],
      ...["acl: bucket-owner-full-control", "expected_bucket_owner: 012345678901"],
      ...["request_payer: requester", "use_dualstack_endpoint: true", "use_fips_endpoint: false"],
    ),
    {
      storageClass: "STANDARD_IA",
      objectTags: { team: "data", cost: "007" },
      sse: "aws:kms",
      sseKmsKeyId: "alias/archive",
      bucketKeyEnabled: true,
      acl: "bucket-owner-full-control",
      expectedBucketOwner: "012345678901",
      requestPayer: "requester",
      useDualstackEndpoint: true,
      useFipsEndpoint: false,
    },
  );
});

Deno.test("parseConfig() says which settings of a bucket are wrong, or do not go together", () => {
  const of = 'in "archive" of stream "a"';
  const cases: readonly (readonly [string, string])[] = [
    [
      "storage_class: GLACIER",
      `4:20: "storage_class" ${of} is "GLACIER": use GLACIER_IR, or a lifecycle rule that moves older ` +
      "files: triton reads its files again, and an object in GLACIER cannot be read until it is restored",
    ],
    ["sse: kms", `4:10: "sse" ${of} is "kms": use AES256, aws:kms or aws:kms:dsse`],
    [
      "object_tags: team=data",
      `4:18: "object_tags" ${of} must be a map: write "team: data", say, below it, indented`,
    ],
    [
      "object_tags: { a&b: c }",
      `4:25: "a&b" in "object_tags" ${of} is "c": use letters, digits, spaces and "_.:/=+-@" in tags`,
    ],
    [
      "sse_kms_key_id: alias/a",
      `3:3: Cannot use "sse_kms_key_id" without "sse" aws:kms or aws:kms:dsse, ${of}`,
    ],
    ["bucket: arn:aws:s3::111122223333:accesspoint/x.mrap", "use the access point of one region"],
  ];
  for (const [line, message] of cases) {
    const found = messageOf(line);
    ok(line.startsWith("bucket") ? found.includes(message) : found === message, found);
  }
  // One mistake, not two.
  equal(messageOf("sse: kms", "sse_kms_key_id: alias/a").includes("\n"), false);
});

Deno.test("parseConfig() shares archive: of several streams by an alias", () => {
  const config = parseConfig(`
a: { name: x, archive: &hourly { rotate: 1h, bucket: "file:///archive" } }
b: { name: y, archive: *hourly }
c: { name: z, archive: { <<: *hourly, rotate: 5m } }
`);
  const rotations = config.streams.map(({ archive }) => archive?.rotateMs);
  deepStrictEqual(rotations, [3_600_000, 3_600_000, 300_000]);
  equal(config.stream("c").archive?.bucket, "file:///archive");
});

Deno.test("parseConfig() says where in archive: a mistake is, and what would be right", () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      "rotate: 90",
      '4:13: "rotate" in "archive" of stream "a" is "90": use a duration from 1s to 24h, such as 90s, 15m or 1h',
    ],
    [
      "rotate: 25h",
      '4:13: "rotate" in "archive" of stream "a" is "25h": use a duration from 1s to 24h, such as 90s, 15m or 1h',
    ],
    [
      "max_size: 5 pounds",
      '4:15: "max_size" in "archive" of stream "a" is "5 pounds": use a size such as 64MiB, 500MB or 1048576',
    ],
    [
      "bucket: memory:x",
      '4:13: "bucket" in "archive" of stream "a" is "memory:x": use s3://BUCKET/PREFIX, BUCKET or file:///DIR',
    ],
    [
      "client: a-b",
      '4:13: "client" in "archive" of stream "a" is "a-b": use letters, digits, "_" and "."; a "-" would make the keys of archives ambiguous',
    ],
    [
      "client: 007",
      '4:13: "client" in "archive" of stream "a" must be text, not a number: write "007" in quotes',
    ],
    [
      "from: yesterday",
      '4:11: "from" in "archive" of stream "a": cannot start at "yesterday": expected latest, trim-horizon, a day (2026-09-01) or a time with its zone (2026-09-01T12:00:00Z)',
    ],
    [
      "from: 2026-01-02",
      '4:11: "from" in "archive" of stream "a": cannot start at "2026-01-02": it lies in the future',
    ],
    ["enabled: no", '4:14: "enabled" in "archive" of stream "a" is "no": use true or false'],
    ["enabled: 0", '4:14: "enabled" in "archive" of stream "a" is "0": use true or false'],
    ["rotate:", '4:12: "rotate" in "archive" of stream "a" must be a single value; it is empty'],
    ["rotate: [1h]", '4:13: "rotate" in "archive" of stream "a" must be a single value'],
    [
      "rotates: 1h",
      '4:5: Unknown key "rotates" in "archive" of stream "a": did you mean "rotate"?',
    ],
    [
      "maxSize: 1",
      '4:5: Unknown key "maxSize" in "archive" of stream "a": did you mean "max_size"?',
    ],
    [
      "lease: 20s",
      '4:5: Unknown key "lease" in "archive" of stream "a": "archive" has "bucket", "client", "rotate", "max_size", "from", "enabled", "storage_class", "object_tags", "sse", "sse_kms_key_id" and 7 more',
    ],
  ];
  for (const [line, message] of cases) equal(messageOf(line), message, line);
});

Deno.test("parseConfig() wants a map below archive:", () => {
  for (const [text, place] of [["archive:", "3:11"], ["archive: true", "3:12"]]) {
    throws(
      () => parseConfig(`a:\n  name: x\n  ${text}\n`),
      {
        message: `${place}: "archive" of stream "a" must be a map: ` +
          `write "rotate: 1h", say, below it, indented`,
      },
    );
  }
  deepStrictEqual(parseConfig("a: {name: x, archive: {}}").stream("a").archive, {});
});

Deno.test("parseConfig() suggests archive: for a key that is nearly that", () => {
  throws(() => parseConfig("a:\n  name: x\n  archives: {}\n"), {
    message: '3:3: Unknown key "archives" in stream "a": did you mean "archive"?',
  });
});
