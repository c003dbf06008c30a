import fc from "fast-check";
import { deepEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  MAX_WIRE_RECORDS,
  readWireRecords as readRecords,
} from "../../../src/codec/json/wire_records.ts";
import { validateEvent } from "../../../src/codec/msgpack/scan.ts";
import { anyMsgpackMap } from "../msgpack/samples.ts";

/** A record as in a response. */
interface Wire {
  readonly SequenceNumber: string;
  readonly PartitionKey: string;
  readonly Data: string;
  readonly ApproximateArrivalTimestamp: number;
  readonly EncryptionType?: string | undefined;
}

const KEYS = [
  "SequenceNumber",
  "PartitionKey",
  "Data",
  "ApproximateArrivalTimestamp",
  "EncryptionType",
] as const;

const GOOD: Wire = {
  SequenceNumber: "49590338271490256608559692538361571095921575989136588898",
  PartitionKey: 'user-1 "é" \\',
  Data: Buffer.from("an event of 26 bytes, 2 pad").toString("base64"),
  ApproximateArrivalTimestamp: 1_795_415_430.123,
  EncryptionType: "KMS",
};

function joined(records: readonly unknown[]): Buffer {
  return Buffer.from(records.map((record) => JSON.stringify(record)).join(","));
}

/** What was read. */
interface Read {
  readonly texts: readonly string[];
  readonly times: readonly number[];
  readonly data: readonly Uint8Array[];
  readonly isAscending: boolean;
}

/** Reads records, one way and the other. */
function readWireRecords(
  bytes: Uint8Array,
): Read & { readonly events: readonly boolean[]; end: number; isRefused: boolean } {
  const { records, ...rest } = readRecords(bytes);
  const indexes = Array.from({ length: records.length }, (_, index) => index);
  const texts = indexes.flatMap((index) => [
    ...[records.sequenceNumberOf(index), records.partitionKeyOf(index)],
  ]);
  deepEqual(records.texts(), texts);
  equal(records.endOf(indexes.length - 1), records.data.length);
  return {
    texts,
    times: indexes.map((index) => records.secondsOf(index)),
    data: indexes.map((index) =>
      records.data.slice(records.endOf(index - 1), records.endOf(index))
    ),
    events: indexes.map((index) => records.isEvent(index)),
    isAscending: records.isAscending,
    ...rest,
  };
}

/** The records in the bytes of complete records. */
function simple(bytes: Uint8Array): Read {
  const records: Wire[] = JSON.parse(`[${Buffer.from(bytes).toString().replace(/,$/, "")}]`);
  return {
    texts: records.flatMap(({ SequenceNumber, PartitionKey }) => [SequenceNumber, PartitionKey]),
    times: records.map(({ ApproximateArrivalTimestamp }) => ApproximateArrivalTimestamp),
    data: records.map(({ Data }) => new Uint8Array(Buffer.from(Data, "base64"))),
    isAscending: records.every(({ SequenceNumber }, index) =>
      index === 0 || BigInt(SequenceNumber) > BigInt(records[index - 1]!.SequenceNumber)
    ),
  };
}

/** Reads what the program accepts, compares it with the simple way, and returns the number of records. */
function agree(bytes: Uint8Array): number {
  const { end, isRefused: _, events, ...read } = readWireRecords(bytes);
  deepEqual(read, simple(bytes.subarray(0, end)));
  events.forEach((isEvent, index) => isEvent && validateEvent(read.data[index]!));
  if (end > 0) equal(String.fromCharCode(bytes[end - 1]!, bytes[end]!), ",{");
  return read.data.length;
}

const time = fc.oneof(
  fc.integer({ min: 0, max: 4e12 }).map((ms) => ms / 1000),
  fc.double({ min: 0, max: 4e9, noNaN: true }).map((double) => Number(double.toPrecision(15))),
  fc.constantFrom(0, 0.5, 1e9),
).filter((time) => !String(time).includes("e"));
const wire = fc.record({
  SequenceNumber: fc.oneof(fc.stringMatching(/^[1-9]\d{0,55}$/), fc.constantFrom("49", "50")),
  PartitionKey: fc.oneof(fc.string({ unit: "binary", maxLength: 300 }), fc.constant('"},{"')),
  Data: fc.oneof(fc.uint8Array({ maxLength: 300 }), anyMsgpackMap)
    .map((bytes) => Buffer.from(bytes).toString("base64")),
  ApproximateArrivalTimestamp: time,
  EncryptionType: fc.option(fc.constantFrom("NONE", "KMS"), { nil: undefined }),
  order: fc.shuffledSubarray([...KEYS], { minLength: KEYS.length }),
}).map(({ order, ...record }) => Object.fromEntries(order.map((key) => [key, record[key]])));

Deno.test("readWireRecords() reads all records but the last, in any order of their parts", () => {
  fc.assert(
    fc.property(fc.array(wire, { minLength: 1, maxLength: 20 }), (records) => {
      equal(agree(joined(records)), records.length - 1);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("readWireRecords() agrees with JSON.parse on every prefix and every flipped bit", () => {
  const { EncryptionType: _, ...plain } = GOOD;
  const whole = joined([plain, GOOD, GOOD]);
  let read = 0;
  for (let length = 0; length < whole.length; length++) read += agree(whole.subarray(0, length));
  ok(read > 200);
  read = 0;
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    read += agree(flipped);
  }
  ok(read > 2_000);
});

Deno.test("readWireRecords() accepts base64 of every length, and nothing else", () => {
  for (let length = 0; length < 100; length++) {
    const data = Buffer.from(crypto.getRandomValues(new Uint8Array(length))).toString("base64");
    equal(agree(joined([{ ...GOOD, Data: data }, GOOD])), 1);
  }
  const base64 = Buffer.alloc(45, 0xfe).toString("base64");
  for (let at = 0; at < base64.length; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const bytes = joined([GOOD, { ...GOOD, Data: base64 }, GOOD]);
      bytes[bytes.indexOf(base64) + at] = byte;
      const isIn = /[A-Za-z0-9+/]/.test(String.fromCharCode(byte)) ||
        (at === base64.length - 1 && byte === 0x3d);
      equal(agree(bytes), isIn ? 2 : 1, `${byte} at ${at}`);
    }
  }
});

Deno.test("readWireRecords() refuses unknown forms, and reports that", () => {
  const text = JSON.stringify(GOOD);
  const odd = [
    text.replace("{", "{ "),
    text.replace(":", ": "),
    text.replace("}", " }"),
    text.replace("}", ',"Other":{"a":[]}}'),
    text.replace("}", ',"Data":""}'),
    text.replace('"Data"', '"D\\u0061ta"'),
    text.replace(/"Data":"/, '"Data":"\\/'),
    text.replace(/"Data":".*?"/, '"Data":null'),
    text.replace(/"Data":".*?",/, ""),
    text.replace("1795415430.123", '"soon"'),
    text.replace("KMS", "KMS2"),
    text.replace("KMS", "NON"),
    text.replace(/"4\d+"/, "49"),
    text.replace(/"4\d+"/, '""'),
    text.replace(/"4\d+"/, '"-49"'),
    text.replace(/"4\d+"/, '"4x"'),
    text.replace("user", "\n"),
    text.replace("user", "\\x"),
    text.replace("user", "\\u12g4"),
    text.replace("1795415430.123", "8640000000001"), // no Date goes so far
    "{}",
    `{${"[".repeat(10_000)}`,
  ];
  for (const record of odd) {
    const { data, end, isRefused } = readWireRecords(
      Buffer.from([text, record, text, text].join(",")),
    );
    deepEqual([data.length, end, isRefused], [1, Buffer.byteLength(text) + 1, true], record);
  }
  for (const record of ["[]", "1", "", "[".repeat(10_000)]) {
    const bytes = Buffer.from([text, record, text, text].join(","));
    const { data, end, isRefused } = readWireRecords(bytes);
    deepEqual([data.length, end, isRefused], [0, 0, false], record);
    equal(readWireRecords(bytes.subarray(Buffer.byteLength(text) + 1)).isRefused, true, record);
  }
});

Deno.test("readWireRecords() reads times as JSON.parse does", () => {
  const text = JSON.stringify(GOOD);
  const read = (time: string) => {
    return readWireRecords(Buffer.from(`${text.replace("1795415430.123", time)},${text}`));
  };
  const digits = fc.tuple(
    fc.nat(16),
    fc.nat(24),
    fc.option(fc.nat(12)),
    fc.stringMatching(/^\d{1,17}$/),
  )
    .map(([point, zeros, exponent, text]) => {
      const at = Math.min(point, text.length);
      const whole = text.slice(0, at) || `0.${"0".repeat(zeros)}`;
      const fraction = text.slice(at);
      const dot = at === 0 || fraction === "" ? "" : ".";
      return `${whole}${dot}${fraction}${exponent === null ? "" : `E${exponent}`}`;
    });
  const number = fc.oneof(digits, fc.stringMatching(/^[0-9.eE+-]{1,12}$/));
  let good = 0;
  fc.assert(
    fc.property(number, (time) => {
      const { times, isRefused } = read(time);
      if (isRefused) return deepEqual(times, []);
      deepEqual(times, [JSON.parse(time)]);
      good++;
    }),
    { numRuns: 20_000 },
  );
  ok(good > 5_000);
  const known = ["0", "0.5", "1795415430", "1795415430.123", "1.795415430123E9", "1.7E9", "1e9"];
  for (const time of known) deepEqual(read(time).times, [JSON.parse(time)]);
  for (const bad of ["1.2.3", "-", "01", "1e", "+1", "1.", ".1", "00.1", "1E99", "-1", ""]) {
    ok(read(bad).isRefused, bad);
  }
});

Deno.test("readWireRecords() has room for the largest input", () => {
  const least = {
    ...GOOD,
    SequenceNumber: "1",
    PartitionKey: "",
    Data: "",
    ApproximateArrivalTimestamp: 0,
    EncryptionType: undefined,
  };
  const records = [
    least,
    { ...least, PartitionKey: "k".repeat(260_000) },
    { ...least, Data: "A".repeat(260_000) },
  ];
  for (const record of records) {
    const { length } = joined([record]);
    const count = Math.floor((MAX_WIRE_RECORDS + 1) / (length + 1));
    const last = '{"Data"'.slice(0, MAX_WIRE_RECORDS - count * (length + 1));
    const bytes = Buffer.concat([joined(Array(count).fill(record)), Buffer.from(`,${last}`)]);
    equal(agree(bytes), count);
  }
});
