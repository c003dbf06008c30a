import { deepEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  archiveDay,
  formatArchiveKey,
  parseArchiveKey,
} from "../../../src/codec/tri/archive_key.ts";

const GOOD: readonly (readonly [key: string, stream: string, client: string, createdAt: number])[] =
  [
    ["20150710/user_activity_prod-store-1436553581.tri", "user_activity_prod", "store", 1436553581],
    ["20150710/user-activity-prod-store-1436553581.tri", "user-activity-prod", "store", 1436553581],
    ["20150710/clicks-archive-1436553581.tri", "clicks", "archive", 1436553581],
    ["20150710/a-b-archive-0.tri", "a-b", "archive", 0],
    ["20160229/clicks-shardId-000000000000-1.tri", "clicks", "shardId-000000000000", 1],
    ["20160229/a-shardId-000000000012-shardId-000000000000-1.tri", ...nested()],
    ["20150710/shardId-000000000000-7.tri", "shardId", "000000000000", 7],
    ["20150710/a--b-c-9.tri", "a--b", "c", 9],
    ["20150710/a.b-c.d-9.tri", "a.b", "c.d", 9],
    ["20150710/clicks-store-9223372036854775807.tri", "clicks", "store", 2 ** 63],
  ];

function nested(): readonly [string, string, number] {
  return ["a-shardId-000000000012", "shardId-000000000000", 1];
}

for (const [key, stream, client, createdAt] of GOOD) {
  Deno.test(`parseArchiveKey() reads ${key}`, () => {
    deepEqual(parseArchiveKey(key), { key, day: key.slice(0, 8), stream, client, createdAt });
  });
}

const BAD: readonly string[] = [
  "",
  "clicks-store-1436553581.tri",
  "2015071/clicks-store-1436553581.tri",
  "20150710/clicks-1436553581.tri",
  "20150710/clicks--1436553581.tri",
  "20150710/-store-1436553581.tri",
  "20150710/clicks-store-.tri",
  "20150710/clicks-store-1436553581",
  "20150710/clicks-store-1436553581.tri.gz",
  "20150710/clicks-store-14365x3581.tri",
  "20150710/clicks-store-1e9.tri",
  "20150710/clicks-store-1.tri\n",
  "20150710/deeper/clicks-store-1.tri",
  "prefix/20150710/clicks-store-1.tri",
  "20150732/clicks-store-1.tri",
  "20150229/clicks-store-1.tri",
  "20151301/clicks-store-1.tri",
  "20150700/clicks-store-1.tri",
  "20150710/clicks-store-9223372036854775808.tri",
];

for (const key of BAD) {
  Deno.test(`parseArchiveKey() refuses ${JSON.stringify(key)}`, () => {
    throws(() => parseArchiveKey(key), { name: "ArchiveFormatError", offset: 0 });
  });
}

Deno.test("formatArchiveKey() accepts seconds or a date, and uses the day in UTC", () => {
  const names = { stream: "clicks_prod", client: "store" };
  equal(
    formatArchiveKey({ ...names, createdAt: 1436553581 }),
    "20150710/clicks_prod-store-1436553581.tri",
  );
  equal(
    formatArchiveKey({ ...names, createdAt: new Date("2015-07-10T23:59:59.999Z") }),
    "20150710/clicks_prod-store-1436572799.tri",
  );
});

Deno.test("formatArchiveKey() rejects names that are invalid in a key", () => {
  for (const stream of ["", "a/b", "a b", "é", "x".repeat(129)]) {
    throws(() => formatArchiveKey({ stream, client: "store", createdAt: 0 }), TypeError);
  }
  for (const client of ["", "a-b", "a/b", "a b", "a\n", "x".repeat(129)]) {
    throws(() => formatArchiveKey({ stream: "clicks", client, createdAt: 0 }), TypeError);
  }
});

Deno.test("formatArchiveKey() rejects what would be parsed as another client", () => {
  const parts = { stream: "clicks-shardId", client: "000000000001", createdAt: 0 };
  throws(() => formatArchiveKey(parts), TypeError);
});

Deno.test("archiveDay() rejects times that do not fit into eight digits", () => {
  for (const time of [-1, 253_402_300_800, NaN, Infinity, new Date(NaN)]) {
    throws(() => archiveDay(time), RangeError);
  }
  equal(archiveDay(253_402_300_799), "99991231");
});

Deno.test("parseArchiveKey() returns the input of formatArchiveKey()", () => {
  const stream = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,40}$/);
  const client = fc.stringMatching(/^[a-zA-Z0-9_.]{1,40}$/);
  fc.assert(fc.property(stream, client, fc.nat(2 ** 31), (stream, client, createdAt) => {
    fc.pre(!(stream.endsWith("-shardId") && /^\d{12}$/.test(client)));
    const key = formatArchiveKey({ stream, client, createdAt });
    const parts = parseArchiveKey(key);
    deepEqual(parts, { key, day: archiveDay(createdAt), stream, client, createdAt });
  }));
});
