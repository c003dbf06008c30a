import { deepStrictEqual, equal } from "node:assert/strict";
import type { SharedFindings } from "../../../../src/cli/commands/doctor/examine_streams.ts";
import type { Finding } from "../../../../src/cli/commands/doctor/findings.ts";
import {
  formatStreams,
  jsonOf,
  unsafeStreams,
  verdictOnAll,
} from "../../../../src/cli/commands/doctor/streams_report.ts";

const SHARDS: Finding = { check: "shards", level: "ok", message: "2 open shards, 0 closed" };
const RETENTION: Finding = {
  check: "retention",
  level: "warn",
  message: "records are kept for 24 hours",
  advice: "increase it",
};
const MISSING: Finding = {
  check: "stream",
  level: "fail",
  message: "not found",
  advice: "create it",
};

function found(streams: Readonly<Record<string, readonly Finding[]>>): SharedFindings {
  return {
    common: [{ check: "database", level: "ok", message: "PostgreSQL 17.2" }],
    buckets: new Map([["s3://b", [{ check: "put", level: "ok", message: "objects can be put" }]]]),
    streams: Object.entries(streams).map(([logicalName, findings]) => ({
      job: {
        config: { logicalName, name: `${logicalName}_prod` },
        ...{ client: "store", bucket: "b", settings: {} },
      },
      findings,
    })),
  };
}

Deno.test("formatStreams() has a line for each good stream, and each problem once, the worst last", () => {
  const streams = found({
    missing: [MISSING],
    a: [SHARDS, RETENTION],
    good: [SHARDS],
    b: [SHARDS, RETENTION],
    c: [SHARDS, { ...RETENTION, check: "gaps", message: "one" }],
  });
  equal(
    formatStreams(streams, verdictOnAll(streams)),
    `\
Database and clocks
ok    database  PostgreSQL 17.2

Bucket s3://b
ok    put  objects can be put

5 streams: 1 ok, 3 with warnings, 1 not safe to archive
ok    good       good_prod for client store, 2 open shards, 0 closed
warn  2 streams  retention: records are kept for 24 hours (a, b)
                 -> for a: increase it
warn  c          gaps: one
                 -> increase it
fail  missing    stream: not found
                 -> create it

Guarantee: none until the failed checks pass.
`,
  );
});

Deno.test("formatStreams() breaks long lines, and shows no character that a terminal obeys", () => {
  const streams = found({ "bad\x1b[2J": [{ ...RETENTION, message: "word ".repeat(30).trim() }] });
  const text = formatStreams(streams, verdictOnAll(streams), undefined, 60);
  deepStrictEqual(text.split("\n").filter((line) => line.length > 60), []);
  equal(text.includes("\x1b"), false);
});

Deno.test("verdictOnAll() is safe only if everything shared and every stream is", () => {
  const weak = { ...RETENTION, weakens: "the bucket ignores If-None-Match" };
  deepStrictEqual(verdictOnAll(found({ a: [SHARDS], b: [weak], c: [weak] })), {
    safe: true,
    exactlyOnce: false,
    guarantee: "not exactly once: the bucket ignores If-None-Match",
  });
  equal(verdictOnAll(found({ a: [SHARDS], b: [MISSING] })).safe, false);
  const buckets = new Map([["s3://b", [MISSING]]]);
  equal(verdictOnAll({ ...found({ a: [SHARDS] }), buckets }).safe, false);
});

Deno.test("unsafeStreams() names what failed of all, and up to ten streams", () => {
  const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`s${i}`, [MISSING]]));
  equal(
    unsafeStreams({ ...found({ a: [MISSING, MISSING], b: [SHARDS] }), common: [MISSING] }),
    "Not safe to run triton store: stream, a (stream)",
  );
  const named = Array.from({ length: 10 }, (_, i) => `s${i} (stream)`).join(", ");
  equal(
    unsafeStreams(found(many)),
    `Not safe to run triton store: ${named}, and 2 more streams`,
  );
});

Deno.test("jsonOf() has the verdict of all and of each stream", () => {
  const { safe, streams } = jsonOf(found({ a: [SHARDS], b: [MISSING] }));
  equal(safe, false);
  deepStrictEqual(
    streams.map(({ name, stream, safe, findings }) => [name, stream, safe, findings.length]),
    [["a", "a_prod", true, 1], ["b", "b_prod", false, 1]],
  );
});
