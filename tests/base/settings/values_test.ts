import { equal, throws } from "node:assert/strict";
import {
  parseBucket,
  parseClientName,
  parseDuration,
  parseSize,
} from "../../../src/base/settings/values.ts";

Deno.test("parseDuration() reads seconds, minutes and hours", () => {
  const cases = [["1s", 1_000], ["90s", 90_000], ["1.5m", 90_000], ["24h", 86_400_000]] as const;
  for (const [text, ms] of cases) equal(parseDuration(text), ms, text);
  for (const text of ["", "1", "0.5s", "25h", "1d", "-1s", "1 s", "1S"]) {
    throws(() => parseDuration(text), {
      name: "RangeError",
      message: "Use a duration from 1s to 24h, such as 90s, 15m or 1h",
    }, text);
  }
});

Deno.test("parseSize() reads bytes, and both kinds of prefixes", () => {
  const cases = [["1", 1], ["64MiB", 2 ** 26], ["64M", 2 ** 26], ["1.5kB", 1500], ["2 GB", 2e9]];
  for (const [text, bytes] of cases) equal(parseSize(text as string), bytes);
  for (const text of ["", "0", "0.1B", "1TB", "1mb", "1e3", "0x10", "-1"]) {
    throws(() => parseSize(text), {
      name: "RangeError",
      message: "Use a size such as 64MiB, 500MB or 1048576",
    }, text);
  }
});

Deno.test("parseBucket() and parseClientName() return what they accept", () => {
  for (const text of ["s3://triton-prod/a", "triton-prod", "file:///a", "file:a"]) {
    equal(parseBucket(text), text);
  }
  for (const text of ["", "memory:", "http://a", "file:", "s3://", "file://host/a", "file:%"]) {
    throws(() => parseBucket(text), { name: "RangeError" }, text);
  }
  equal(parseClientName("store_2.b"), "store_2.b");
  for (const text of ["", "a-b", "a b", "ü", "a".repeat(129)]) {
    throws(() => parseClientName(text), { name: "RangeError" }, text);
  }
});

Deno.test("parseBucket() says what to use instead of a key, a path, and a URL", () => {
  const meant: readonly (readonly [string, string])[] = [
    [
      "s3://b/logs/20150710/clicks-store-1436553581.tri",
      "Use the location of the archive, not a file in it: s3://b/logs",
    ],
    [
      "b/20150710/clicks-store-1436553581.tri",
      "Use the location of the archive, not a file in it: b",
    ],
    ["s3://b/clicks.tri", "Use the location of the archive, not a file in it: s3://b"],
    ["file:///a/20150710/x.tri", "Use the location of the archive, not a file in it: file:///a"],
    ["/var/lib/archive", "Use file:///var/lib/archive for a directory"],
    ["https://b.s3.eu-west-1.amazonaws.com/logs", "Use s3://b/logs"],
    ["https://s3.amazonaws.com/b/logs", "Use s3://b/logs"],
    [
      "http://localhost:9000/b",
      "Use s3://BUCKET/PREFIX, and set AWS_ENDPOINT_URL_S3 to the URL of the server",
    ],
  ];
  for (const [text, message] of meant) {
    throws(() => parseBucket(text), { name: "RangeError", message });
  }
  for (const text of ["s3://b/x.trio", "b", "tri", "s3://b.tri", "file:///a"]) {
    equal(parseBucket(text), text);
  }
});
