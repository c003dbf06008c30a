import { checkConfig } from "@triton/triton/config";
import { deepStrictEqual, equal } from "node:assert/strict";

/** Warnings, each with its place. */
function warningsOf(text: string): string[] {
  const { problems, warnings } = checkConfig(text);
  deepStrictEqual(problems, []);
  return warnings.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

Deno.test("checkConfig() finds every mistake, also more than an error lists", () => {
  const lines = Array.from({ length: 30 }, (_, n) => `s${n}: { name: x, wrong: 1 }`);
  const { problems, streams, warnings } = checkConfig(lines.join("\n"));
  deepStrictEqual(
    problems.map(({ line, column }) => [line, column]),
    lines.map((text, n) => [n + 1, text.indexOf("wrong") + 1]),
  );
  deepStrictEqual([streams.length, warnings], [30, []]);
  const [syntax] = checkConfig("a: [\n").problems;
  equal(syntax?.message.startsWith("Invalid YAML: "), true);
  const now = Date.UTC(2026, 0, 1);
  const later = "a: { name: x, archive: { from: 2026-09-01 } }";
  deepStrictEqual(
    [checkConfig(later).problems.length, checkConfig(later, { now }).problems.length],
    [
      ...[0, 1],
    ],
  );
});

Deno.test("checkConfig() warns of two names for one stream", () => {
  deepStrictEqual(warningsOf("a: { name: x }\nb: { name: y }\nc: { name: x }\n"), [
    '3:1: "a" and "c" are the same stream in Kinesis, "x", which "triton store --all-streams" ' +
    'refuses unless each has a "client" of its own',
  ]);
  const arn = (account: string) => `arn:aws:kinesis:us-east-1:${account}:stream/x`;
  const accounts = (a: string, b: string) =>
    warningsOf(`a: { name: "${arn(a)}" }\nb: { name: "${arn(b)}" }\n`).length;
  deepStrictEqual([
    accounts("111122223333", "111122223333"),
    accounts("111122223333", "444455556666"),
  ], [
    ...[1, 0],
  ]);
  equal(
    warningsOf(`a: { name: "${arn("111122223333")}" }\nb: { name: x, region: us-east-1 }`).length,
    1,
  );
  const others = ["archive: { client: other }", "archive: { enabled: false }"];
  deepStrictEqual(warningsOf(`a: { name: x, ${others[1]} }\nb: { name: x }\n`), [
    '2:1: "a" and "b" are the same stream in Kinesis, "x"',
  ]);
  for (const other of others) {
    deepStrictEqual(warningsOf(`a: { name: x }\nb: { name: x, ${other} }\n`), [
      '2:1: "a" and "b" are the same stream in Kinesis, "x"',
    ]);
  }
  deepStrictEqual(
    warningsOf("a: { name: x, region: us-east-1 }\nb: { name: x, region: eu-west-1 }"),
    [],
  );
  deepStrictEqual(warningsOf('a: { name: x }\nb: { name: x, endpoint: "http://h" }'), []);
});

Deno.test("checkConfig() warns of streams that are all disabled, misleading names and odd regions", () => {
  const off = "archive: { enabled: false }";
  deepStrictEqual(warningsOf(`a: { name: x, ${off} }\nb: { name: y, ${off} }`), [
    '1:1: Every stream has "enabled: false", so that --all-streams archives none',
  ]);
  deepStrictEqual(warningsOf(`a: { name: x, ${off} }\nb: { name: y }`), []);
  deepStrictEqual(warningsOf("a: { name: b }\nb: { name: c }"), [
    '1:1: "a" is "b" in Kinesis, but here "b" is the name of another stream',
  ]);
  deepStrictEqual(warningsOf("a: { name: a }\nb: { name: b }"), []);
  deepStrictEqual(warningsOf("a: { name: x, region: us-east1 }"), [
    '1:1: "us-east1", the region of "a", does not look like one of AWS, such as "us-east-1"',
  ]);
  const fine = ["us-gov-west-1", "cn-north-1", "ap-southeast-5", "us-iso-east-1", "mx-central-1"];
  for (const region of fine) deepStrictEqual(warningsOf(`a: { name: x, region: ${region} }`), []);
  deepStrictEqual(warningsOf('a: { name: x, region: here, endpoint: "http://h" }'), []);
});
