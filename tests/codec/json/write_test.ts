import fc from "fast-check";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { TritonError } from "../../../src/base/errors.ts";
import {
  decodeEvent,
  decodeSnappyFrames,
  encodeMsgpack,
  msgpackToJson,
  NdjsonWriter,
  skipMsgpack,
  Timestamp,
} from "../../../src/codec/mod.ts";
import { referenceJson } from "./reference.ts";
import { anyMsgpack, anyMsgpackMap, concat, formatError, hex, SAMPLE } from "../msgpack/samples.ts";

const GOLDEN = new URL("../../testdata/golden/", import.meta.url);

/** The JSON of one MessagePack value, as text. */
function toJson(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(msgpackToJson(bytes));
}

/** The output of go-triton for a MessagePack timestamp, which Triton prints as RFC 3339. */
function isPlainTimestamp(value: unknown): value is { readonly Data: string; readonly Type: -1 } {
  return typeof value === "object" && value !== null && "Type" in value && value.Type === -1;
}

/** Checks values for equality; go-triton's timestamps may be other texts of the same time. */
function matches(actual: unknown, golden: unknown): void {
  if (isPlainTimestamp(golden) && typeof actual === "string") {
    const data = Uint8Array.from(atob(golden.Data), (char) => char.charCodeAt(0));
    const token = concat(
      hex(data.length === 12 ? "c70cff" : data.length === 8 ? "d7ff" : "d6ff"),
      data,
    );
    equal(JSON.stringify(actual), toJson(token));
  } else if (typeof golden === "object" && golden !== null && actual !== null) {
    deepEqual(Object.keys(actual as object).sort(), Object.keys(golden).sort());
    for (const [key, part] of Object.entries(golden)) {
      matches((actual as Record<string, unknown>)[key], part);
    }
  } else equal(actual, golden);
}

/** Parses JSON; integers that are too long for a number become their digits. */
function parseExactly(line: string): unknown {
  return JSON.parse(line.replace(/(?<=[:[,])-?\d{16,}(?=[,}\]])/g, '"$&"'));
}

for (const name of readdirSync(GOLDEN).filter((name) => name.endsWith(".tri"))) {
  Deno.test(`NdjsonWriter prints ${name} as go-triton does`, async () => {
    const parts: Uint8Array[] = [];
    const file = [readFileSync(new URL(name, GOLDEN))];
    for await (const part of decodeSnappyFrames(file)) parts.push(part.slice());
    const text = new TextDecoder().decode(new NdjsonWriter().write(concat(...parts)));
    const golden = readFileSync(new URL(name.replace(".tri", ".ndjson"), GOLDEN), "utf8");
    const lines = text.split("\n");
    const goldenLines = golden.split("\n");
    equal(lines.length, goldenLines.length);
    for (const [n, line] of goldenLines.entries()) {
      if (line !== "") matches(parseExactly(lines[n]!), parseExactly(line));
    }
  });
}

Deno.test("msgpackToJson() writes every type as documented", () => {
  const cases: readonly (readonly [bytes: string, json: string])[] = [
    ["c0", "null"],
    ["c2", "false"],
    ["c3", "true"],
    ["00", "0"],
    ["7f", "127"],
    ["e0", "-32"],
    ["ccff", "255"],
    ["cdffff", "65535"],
    ["ceffffffff", "4294967295"],
    ["cf001fffffffffffff", "9007199254740991"],
    ["cf0020000000000001", "9007199254740993"],
    ["cfffffffffffffffff", "18446744073709551615"],
    ["d080", "-128"],
    ["d18000", "-32768"],
    ["d280000000", "-2147483648"],
    ["d3ffdfffffffffffff", "-9007199254740993"],
    ["d38000000000000000", "-9223372036854775808"],
    ["d37fffffffffffffff", "9223372036854775807"],
    ["d3ffffffffffffffff", "-1"],
    ["ca3dcccccd", "0.1"],
    ["ca7f7fffff", "3.4028235e+38"],
    ["ca00000001", "1e-45"],
    ["ca80000000", "-0"],
    ["ca7fc00000", "null"],
    ["caff800000", "null"],
    ["cb8000000000000000", "-0"],
    ["cb0000000000000000", "0"],
    ["cb7ff0000000000000", "null"],
    ["cb7ff8000000000000", "null"],
    ["cbc05daabac4f7ec35", "-118.6676495"],
    ["cb3ff8000000000000", "1.5"],
    ["cb44b52d02c7e14af6", "1e+23"],
    ["cb0000000000000001", "5e-324"],
    ["a0", '""'],
    ["a3 e29883", '"☃"'],
    ["a2 e298", '"\ufffd\ufffd"'],
    ["a7 22 5c 0a 00 1f 7f 2f", '"\\"\\\\\\n\\u0000\\u001f\x7f/"'],
    ["da0004 efbbbf61", '"\ufeffa"'],
    ["c400", '""'],
    ["81 a161 c600000000", '{"a":""}'],
    ["c401 76", '"dg=="'],
    ["c402 7677", '"dnc="'],
    ["c50003 fbffff", '"+///"'],
    ["90", "[]"],
    ["dc0000", "[]"],
    ["80", "{}"],
    ["df00000000", "{}"],
    ["92 90 91 01", "[[],[1]]"],
    ["82 a161 80 a161 01", '{"a":{},"a":1}'],
    ["d4 2a 01", '{"Data":"AQ==","Type":42}'],
    ["c7 00 80", '{"Data":null,"Type":-128}'],
    ["d6ff 55a0116d", '"2015-07-10T18:39:41Z"'],
    ["d7ff 1d6f3454 55a0116d", '"2015-07-10T18:39:41.123456789Z"'],
    ["c70cff 075bca00 ffffffffffffffff", '"1969-12-31T23:59:59.123456Z"'],
    ["c70c05 0000000055a0116d 00000000", '"2015-07-10T18:39:41Z"'],
    ["c70cff 00000000 0000003afff44180", '{"Data":"AAAAAAAAADr/9EGA","Type":-1}'], // year 10000
    ["d5ff 0000", '{"Data":"AAA=","Type":-1}'],
    ["d405 00", '{"Data":"AA==","Type":5}'],
    ["81 c403 612262 01", '{"a\\"b":1}'],
    ["81 05 01", '{"5":1}'],
    ["81 c0 01", '{"null":1}'],
    ["81 d6ff55a0116d 01", '{"2015-07-10T18:39:41Z":1}'],
    ["81 92 01 a161 01", '{"[1,\\"a\\"]":1}'],
    ["81 81 91 01 02 01", '{"{\\"kQE=\\":2}":1}'],
    ["81 81 d6ff00000000 01 02", '{"{\\"1970-01-01T00:00:00Z\\":1}":2}'],
    ["81 81 05 01 02", '{"{\\"5\\":1}":2}'],
    ["81 82 c0 01 c403 612262 02 03", '{"{\\"null\\":1,\\"a\\\\\\"b\\":2}":3}'],
    [
      "81 91 81 d42a01 01 02",
      '{"[{\\"{\\\\\\"Data\\\\\\":\\\\\\"AQ==\\\\\\",\\\\\\"Type\\\\\\":42}\\":1}]":2}',
    ],
    ["81 d42a01 01", '{"{\\"Data\\":\\"AQ==\\",\\"Type\\":42}":1}'],
    ["81 90 80", '{"[]":{}}'],
    ["81 c400 01", '{"":1}'],
    ["81 a9 5f5f70726f746f5f5f 01", '{"__proto__":1}'],
  ];
  for (const [bytes, json] of cases) {
    equal(toJson(hex(bytes)), json, bytes);
    equal(toJson(hex(`92 ${bytes} ${bytes}`)), `[${json},${json}]`, bytes);
  }
});

Deno.test("msgpackToJson() writes what the simple version writes", () => {
  fc.assert(
    fc.property(anyMsgpack, (bytes) => equal(toJson(bytes), referenceJson(bytes))),
    { numRuns: 500 },
  );
});

Deno.test("msgpackToJson() writes integers and doubles as JavaScript does", () => {
  const double = (value: number) => {
    const bytes = new Uint8Array(9).fill(0xcb);
    new DataView(bytes.buffer).setFloat64(1, value);
    return toJson(bytes);
  };
  const decimal = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: 0, max: 12 }))
    .map(([digits, point]) => digits / 10 ** point);
  const thousandths = fc.maxSafeInteger().map((digits) => (digits % 2e15) / 1000);
  const numbers = fc.oneof(
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    decimal,
    thousandths,
  );
  fc.assert(
    fc.property(numbers, (value) => {
      const expected = Object.is(value, -0) ? "-0" : String(value);
      equal(double(value), expected);
      equal(double(value), expected, "again, perhaps from the cache");
      if (Number.isInteger(value)) equal(toJson(encodeMsgpack(value)), expected);
    }),
    { numRuns: 3000 },
  );
  for (let digits = 0; digits < 17; digits++) {
    for (const edge of [10 ** digits - 1, 10 ** digits, 10 ** digits + 1, 1 / 10 ** digits]) {
      equal(double(edge), String(edge));
      equal(double(-edge), edge === 0 ? "-0" : String(-edge));
      if (Number.isSafeInteger(edge) && edge > 0) {
        equal(toJson(encodeMsgpack(-edge)), String(-edge));
      }
    }
  }
});

Deno.test("msgpackToJson() writes the shortest text that reads back as the 32-bit float", () => {
  const check = (value: number) => {
    const bytes = new Uint8Array(5).fill(0xca);
    new DataView(bytes.buffer).setFloat32(1, value);
    const text = toJson(bytes);
    equal(Math.fround(Number(text)), value);
    const [digits, exponent] = Math.abs(Number(text)).toExponential().split("e") as [
      string,
      string,
    ];
    const count = digits.replace(".", "").length;
    if (count === 1) return;
    // No neighbour with one digit less, on either side, must read back as the same float.
    const fewer = Math.floor(Number(digits.replace(".", "")) / 10);
    for (const shorter of [fewer, fewer + 1]) {
      const other = Math.sign(value) * Number(`${shorter}e${Number(exponent) - count + 2}`);
      ok(Math.fround(other) !== value, `${other} is shorter than ${text}`);
    }
  };
  for (let power = -149; power < 128; power++) check(2 ** power);
  fc.assert(
    fc.property(fc.float({ noDefaultInfinity: true, noNaN: true }), (value) => {
      if (value !== 0) check(value);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("msgpackToJson() escapes at every position of a text, as JSON.stringify does", () => {
  for (const special of ['"', "\\", "\n", "\u0001", "\u007f", "ü", "😀", "\u2028"]) {
    for (let length = 0; length < 70; length++) {
      for (const at of [0, 1, 2, 3, 4, 7, length - 1, length]) {
        const text = "x".repeat(Math.max(0, at)) + special + "y".repeat(Math.max(0, length - at));
        equal(toJson(encodeMsgpack({ [text]: text })), JSON.stringify({ [text]: text }));
      }
    }
  }
  const long = "\u0000".repeat(70_000);
  equal(toJson(encodeMsgpack([long, 1])), JSON.stringify([long, 1]));
});

Deno.test("msgpackToJson() accepts nesting of 10,000 and rejects more", () => {
  const nested = (depth: number) => concat(new Uint8Array(depth).fill(0x91), hex("c0"));
  equal(toJson(nested(10_000)), "[".repeat(10_000) + "null" + "]".repeat(10_000));
  throws(() => toJson(nested(10_001)), formatError(10_000, /more than 10000 deep/));
  const keys = concat(new Uint8Array(200_000).fill(0x81));
  throws(() => toJson(keys), { name: "ArchiveFormatError" });
  const inKeys = concat(new Uint8Array(5_000).fill(0x81), new Uint8Array(5_001));
  equal(skipMsgpack(inKeys, 0), inKeys.length);
  ok(JSON.parse(toJson(inKeys)) !== null);
});

Deno.test("msgpackToJson() agrees with skipMsgpack() on every prefix and every flipped bit", () => {
  const verdict = (bytes: Uint8Array) => {
    let end = -1;
    try {
      end = skipMsgpack(bytes, 0);
    } catch (error) {
      equal((error as Error).name, "ArchiveFormatError");
    }
    if (end === bytes.length) JSON.parse(toJson(bytes));
    else throws(() => msgpackToJson(bytes), { name: "ArchiveFormatError" });
  };
  for (let end = 0; end < SAMPLE.length; end++) verdict(SAMPLE.subarray(0, end));
  for (let bit = 0; bit < SAMPLE.length * 8; bit++) {
    const bytes = SAMPLE.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    verdict(bytes);
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), verdict));
  for (const claim of ["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff"]) {
    throws(() => msgpackToJson(hex(claim)), formatError(0, /end before/), claim);
  }
  throws(() => msgpackToJson(hex("01 02")), formatError(1, /more bytes follow/));
});

/**
 * MessagePack of maps with deeply nested maps, arrays, extensions and other values in their keys.
 *
 * No string has a backslash: JSON.parse of V8 13 and 15 reads the key `"\""` as a backslash after it
 * has read an object with a backslash as the key there.
 */
const { key: oddKeys } = fc.letrec<{ key: Uint8Array }>((tie) => ({
  key: fc.oneof(
    { maxDepth: 6, depthSize: "medium" },
    fc.constantFrom(
      ...[
        "c0",
        "c2",
        "05",
        "ff",
        "cb3ff8000000000000",
        "a0",
        "a161",
        "a122",
        "c400",
        "c40122",
      ],
      ...["d6ff00000000", "d42a01", "c70080", "d903612262", "90", "80", "cfffffffffffffffff"],
    ).map(hex),
    fc.array(tie("key"), { maxLength: 3 }).map((parts) =>
      concat(Uint8Array.of(0x90 + parts.length), ...parts)
    ),
    fc.array(fc.tuple(tie("key"), tie("key")), { maxLength: 3 }).map((entries) =>
      concat(Uint8Array.of(0x80 + entries.length), ...entries.flat())
    ),
  ),
}));

Deno.test("both writers print valid JSON for any keys, and decodeEvent() names them alike", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(oddKeys, oddKeys), { maxLength: 3 }), (entries) => {
      const event = concat(Uint8Array.of(0x80 + entries.length), ...entries.flat());
      const json = toJson(event);
      equal(json, referenceJson(event));
      const parsed = JSON.parse(json);
      const line = new TextDecoder().decode(new NdjsonWriter().write(concat(event, event)));
      equal(line, `${json}\n${json}\n`);
      const decoded = decodeEvent(event);
      deepEqual(Object.keys(decoded), Object.keys(parsed));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("cat and decodeEvent() return valid JSON or an error for any bytes", () => {
  const lead = fc.constantFrom(
    0x80,
    0x81,
    0x82,
    0x83,
    0x91,
    0xc0,
    0xc4,
    0xd6,
    0xd4,
    0xff,
    0xa1,
    0,
    1,
    2,
  );
  const bytes = fc.array(fc.oneof(lead, lead, fc.integer({ min: 0, max: 255 })), { maxLength: 24 })
    .map((bytes) => Uint8Array.of(0x81, ...bytes));
  let printed = 0;
  fc.assert(
    fc.property(bytes, (bytes) => {
      const [lines, json] = [new NdjsonWriter(), msgpackToJson].map((writer) => {
        try {
          return writer instanceof NdjsonWriter ? writer.write(bytes) : writer(bytes);
        } catch (error) {
          ok(error instanceof TritonError, String(error));
          return undefined;
        }
      });
      const decoder = new TextDecoder("utf-8", { fatal: true });
      if (lines !== undefined) {
        for (const line of decoder.decode(lines).trimEnd().split("\n")) JSON.parse(line);
      }
      if (json !== undefined) {
        JSON.parse(decoder.decode(json));
        equal(decoder.decode(lines), `${decoder.decode(json)}\n`);
        printed++;
      }
      try {
        JSON.stringify(decodeEvent(bytes));
        ok(json !== undefined);
      } catch (error) {
        ok(
          error instanceof TritonError ||
            error instanceof TypeError && /BigInt/.test(error.message),
        );
      }
    }),
    { numRuns: 20_000 },
  );
  ok(printed > 1000, `${printed} events`);
});

Deno.test("NdjsonWriter.take() returns exactly the lines that were added", () => {
  const writer = new NdjsonWriter();
  const taken = () => new TextDecoder().decode(writer.take());
  equal(writer.add(hex("81 a161 01")), 8);
  equal(writer.add(hex("81 a162 02")), 16);
  throws(() => writer.add(hex("81 a163 03 81 a164")), { name: "ArchiveFormatError" });
  equal(taken(), '{"a":1}\n{"b":2}\n');
  equal(taken(), "");
  equal(writer.add(hex("80")), 3);
  equal(taken(), "{}\n");
});

Deno.test("NdjsonWriter writes one line per event, and reuses its array", () => {
  const writer = new NdjsonWriter();
  const print = (bytes: Uint8Array) => new TextDecoder().decode(writer.write(bytes));
  equal(print(hex("")), "");
  fc.assert(fc.property(fc.array(anyMsgpackMap, { maxLength: 8 }), (events) => {
    const lines = events.map((event) => `${referenceJson(event)}\n`).join("");
    equal(print(concat(...events)), lines);
    equal(print(concat(hex("80"), ...events).subarray(1)), lines);
  }));
  const first = writer.write(hex("81 a161 01"));
  const second = writer.write(hex("81 a162 02"));
  equal(first.buffer, second.buffer);
});

Deno.test("NdjsonWriter grows on demand, and keeps working after an error", () => {
  const writer = new NdjsonWriter();
  const print = (bytes: Uint8Array) => new TextDecoder().decode(writer.write(bytes));
  const event = {
    text: '"\u0000'.repeat(3000),
    list: new Array(5000).fill(null),
    at: new Timestamp(1),
  };
  const bytes = encodeMsgpack(event);
  const line = `${JSON.stringify(event)}\n`;
  const many = new Uint8Array(bytes.length * 800);
  for (let n = 0; n < 800; n++) many.set(bytes, n * bytes.length);
  equal(print(many), line.repeat(800));
  equal(print(bytes), line);
  throws(() => writer.write(hex("80 81 a161")), formatError(1 + 3, /end before/));
  throws(() => writer.write(hex("80 91 80")), formatError(1, /not as a map/));
  equal(print(hex("80 80")), "{}\n{}\n");
});
