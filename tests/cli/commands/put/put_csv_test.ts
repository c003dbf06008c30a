/** `put` of CSV and of gzip. */

import { deepStrictEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { join } from "node:path";
import { openCsv } from "../../../../src/cli/commands/put/csv_input.ts";
import { gunzipIfNeeded } from "../../../../src/cli/commands/put/gunzip.ts";
import { decodeEvent, parseJsonEvent, Timestamp } from "../../../../src/codec/mod.ts";
import type { EventData } from "../../../../src/base/record.ts";
import { archiveOf } from "../../../archive/archives.ts";
import { startPipeline } from "../../../e2e/pipeline.ts";
import { runCommand } from "../../fake_context.ts";

/** Yields bytes in pieces, the memory of which is used again. */
async function* piecesOf(bytes: Uint8Array, size = 1 << 16): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size);
    piece.set(part);
    yield await Promise.resolve(piece.subarray(0, part.length));
  }
}

const encode = (text: string) => new TextEncoder().encode(text);

/** The events of CSV, and for each row without one why. */
async function eventsIn(csv: string, columns?: string, size?: number) {
  const input = openCsv(columns);
  const open = input.events((text) => parseJsonEvent(text));
  const results: unknown[] = [];
  let events: ReturnType<typeof open> | undefined;
  const { signal } = new AbortController();
  for await (const rows of input.readRows(piecesOf(encode(csv), size), signal)) {
    for (const row of rows) {
      if (events === undefined) {
        events = open(row);
        continue;
      }
      try {
        const event = events.eventOf(row);
        if (event !== undefined) results.push(decodeEvent(event));
      } catch (error) {
        results.push(`line ${row.line}: ${(error as Error).message}`);
      }
    }
  }
  return results;
}

const anyText = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "null", '"', "a,b", "two\nlines", "\r", "\ufeff", "1", " "),
);
const anyTime = fc.tuple(
  fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  fc.integer({ min: 0, max: 999_999_999 }),
).map(([seconds, nanoseconds]) => new Timestamp(seconds, nanoseconds));
const anyInteger = fc.oneof(
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n })
    .map((value) => Number.isSafeInteger(Number(value)) ? Number(value) : value),
);
/** JSON, but for whole doubles that JSON has as large integers. */
const anyJson = fc.jsonValue().filter((value) => value !== null && !hasUnsafe(value));

function hasUnsafe(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(hasUnsafe);
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** A value for each type that `--columns` knows. */
const TYPES: Record<string, fc.Arbitrary<unknown>> = {
  string: anyText,
  int64: anyInteger,
  double: fc.double(),
  boolean: fc.boolean(),
  binary: fc.uint8Array({ maxLength: 20 }),
  json: anyJson,
  timestamp: anyTime,
  "timestamp(iso)": fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(2e12) })
    .map((date) => date.toISOString()),
  "timestamp(ms)": fc.integer(),
  "list<string>": fc.array(fc.option(anyText), { maxLength: 3 }),
  "list<list<int64>>": fc.array(fc.array(anyInteger, { maxLength: 3 }), { maxLength: 3 }),
  "list<binary>": fc.array(fc.uint8Array({ maxLength: 5 }), { maxLength: 3 }),
};

Deno.test("put reads the events that cat --format csv prints with the same columns", async () => {
  const types = Object.keys(TYPES);
  const keys = ["plain", "a key", "a.b", 'quo"te', "ключ"];
  const columns = [
    ...types.map((type, i) => `c${i}:${type}`),
    ...keys.map((key) => `m.${JSON.stringify(key)}`),
  ].join(", ");
  const fields = types.map((type, i) => [`c${i}`, TYPES[type]!] as const);
  const anyEvent = fc.record(
    {
      ...Object.fromEntries(fields),
      m: fc.dictionary(fc.constantFrom(...keys), anyText, { minKeys: 1, noNullPrototype: true }),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyEvent, { maxLength: 8 }),
      fc.integer({ min: 1, max: 50 }),
      async (events, size) => {
        const stdin = archiveOf(events as EventData[]);
        const args = ["cat", "-", "--format", "csv", "--columns", columns];
        const { code, stdout, stderr } = await runCommand(args, { stdin });
        deepStrictEqual([code, stderr], [0, ""]);
        const archived = decodedLike(events as EventData[]);
        deepStrictEqual(await eventsIn(stdout, columns, size), archived);
      },
    ),
    { numRuns: 100 },
  );
});

/** Events as they are read, with the keys in the order of the columns. */
function decodedLike(events: readonly EventData[]): EventData[] {
  const order = (key: string) => key === "m" ? 99 : Number(key.slice(1));
  return events.map((event) => {
    const keys = Object.keys(event).sort((a, b) => order(a) - order(b));
    return Object.fromEntries(keys.map((key) => [key, event[key]])) as EventData;
  });
}

Deno.test("put makes texts of CSV, nests paths, and leaves out what is empty", async () => {
  const csv = '\ufeffid,user.name,"""a.b""",Price (EUR)\r\n1,Ann,x,"1,50"\r\n\r\n2,,"",\r\n';
  deepStrictEqual(await eventsIn(csv), [
    { id: "1", user: { name: "Ann" }, "a.b": "x", "Price (EUR)": "1,50" },
    { id: "2", "a.b": "" },
  ]);
  deepStrictEqual(await eventsIn("id\n1\n\n"), [{ id: "1" }, {}], "a column alone may be empty");
  deepStrictEqual(await eventsIn(""), []);
});

Deno.test("put says in which line and column CSV cannot be read", async () => {
  const types = "n:int64, d:double, b:boolean, t:timestamp, j:json, l:list<int64>, x:binary";
  const header = "n,d,b,t,j,l,x\n";
  const wrong: [string, string][] = [
    ["1.5,,,,,,", 'Cannot read column n: "1.5" is not int64'],
    ["18446744073709551616,,,,,,", 'Cannot read column n: "18446744073709551616" is not int64'],
    [",0x10,,,,,", 'Cannot read column d: "0x10" is not double'],
    [",1e999,,,,,", 'Cannot read column d: "1e999" is not double'],
    [",,True,,,,", 'Cannot read column b: "True" is not boolean'],
    [",,,2015-02-30T00:00:00Z,,,", 'Cannot read column t: "2015-02-30T00:00:00Z" is not timestamp'],
    [",,,,{,,", 'Cannot read column j: "{" is not JSON that an event can hold'],
    [',,,,"1,""k"":2",,', 'Cannot read column j: "1,\\"k\\":2" is not JSON that an event can hold'],
    [",,,,,[1.5],", 'Cannot read column l: "1.5" is not int64'],
    [",,,,,1,", 'Cannot read column l: "1" is not list<int64>'],
    [",,,,,,a", 'Cannot read column x: "a" is not binary'],
    ["1,2", "Cannot read the row: it has 2 fields, and the header 7"],
    ['"a"b,', "Cannot read the row: there is text after a closing quote"],
  ];
  for (const [row, message] of wrong) {
    const csv = `${header}1,,,,,,\n${row}\n2,,,,,,\n`;
    deepStrictEqual(await eventsIn(csv, types), [{ n: 1 }, `line 3: ${message}`, { n: 2 }]);
  }
  const headers: [string, string | undefined, RegExp][] = [
    ["a,,b\n", undefined, /header of the CSV: column 2 has no name/],
    ["a,b,a\n", undefined, /it has the column a twice/],
    ["a.b,a\n", undefined, /a is a column, and a\.b a field of it/],
    ['"a,b\n1,2\n', undefined, /header of the CSV: a closing quote is missing/],
    ['"a"b,c\n', undefined, /header of the CSV: there is text after a closing quote/],
    ["a,b\r1,2\r3,4\r", undefined, /header of the CSV: there is a carriage return that is not in/],
    ["a\n", "b:int64", /--columns has b, which the header has not/],
  ];
  for (const [csv, columns, message] of headers) {
    await rejects(eventsIn(csv, columns), message);
  }
  throws(() => openCsv("a:"), /^UsageError: Cannot read the columns: expected a type/);
});

Deno.test("gunzipIfNeeded() knows gzip by its bytes, also in several members and small pieces", async () => {
  const text = "x".repeat(100_000) + "end";
  const read = async (bytes: Uint8Array, size?: number) => {
    let read = "";
    const decoder = new TextDecoder();
    for await (const piece of gunzipIfNeeded(piecesOf(bytes, size), '"f"')) {
      read += decoder.decode(piece, { stream: true });
    }
    return read;
  };
  const zipped = gzipSync(encode(text));
  for (const size of [1, 7, 1 << 16]) {
    ok(await read(zipped, size) === text);
    equal(await read(encode("plain"), size), "plain");
  }
  ok(await read(Buffer.concat([zipped, gzipSync(encode("more"))])) === `${text}more`);
  equal(await read(new Uint8Array(0)), "");
  equal(await read(Uint8Array.of(0x31)), "1");
  await rejects(
    read(zipped.subarray(0, -10)),
    /^TritonError: Cannot uncompress "f": unexpected end/,
  );
  const damaged = Uint8Array.from(zipped);
  damaged[20]! ^= 0xff;
  await rejects(read(damaged), /Cannot uncompress "f": /);
  const failing = (async function* () {
    yield await Promise.resolve(zipped.subarray(0, 30));
    throw new Error("broken");
  })();
  await rejects(Array.fromAsync(gunzipIfNeeded(failing, '"f"')), /^Error: broken/);
});

Deno.test("put takes CSV and gzip from files and standard input", async () => {
  await using pipeline = await startPipeline();
  const directory = await Deno.makeTempDir();
  try {
    const put = ["put", "--stream", "clicks"];
    const path = join(directory, "orders.csv.gz");
    await Deno.writeFile(path, gzipSync(encode('id,n\n1,2\n"a\nb",x\n3\n4,5\n')));
    const file = await pipeline.run([...put, path, "--columns", "n:int64"], "");
    equal(file.code, 1);
    deepStrictEqual(file.stderr.trimEnd().split("\n"), [
      `triton: ${path}: line 3: Cannot read column n: "x" is not int64`,
      `triton: ${path}: line 5: Cannot read the row: it has 1 field, and the header 2`,
      "put 2 events into clicks_prod",
      "triton: 2 lines could not be put",
    ]);
    const csv = await pipeline.run([...put, "--format", "csv"], "id,n\nx,1\n");
    deepStrictEqual([csv.code, csv.stderr], [0, "put 1 event into clicks_prod\n"]);
    const json = await pipeline.run(put, new Uint8Array(gzipSync(encode('{"id":"j"}\n'))));
    deepStrictEqual([json.code, json.stderr], [0, "put 1 event into clicks_prod\n"]);
    const tail = ["tail", "--stream", "clicks", "--from", "trim-horizon", "--limit", "4"];
    const lines = (await pipeline.run(tail)).stdout.trimEnd().split("\n").sort();
    deepStrictEqual(lines, [
      '{"id":"1","n":2}',
      '{"id":"4","n":5}',
      '{"id":"j"}',
      '{"id":"x","n":"1"}',
    ]);
    const wrong = await pipeline.run([...put, "--columns", "n:int64"], "");
    equal(wrong.code, 2);
    match(wrong.stderr, /^triton: Cannot put: --columns has the types of CSV; pass --format csv/);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
