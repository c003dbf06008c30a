import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { type AggregatedRecord, decodeAggregate, encodeEvent } from "../../../src/codec/mod.ts";
import { aggregate, type KplRecord, officialRecords } from "../../support/kpl.ts";
import { type Field, packRecords, protobuf, wrap } from "../../support/kpl_message.ts";

const FOLDER = new URL("../../testdata/kpl/", import.meta.url);

function recordsIn(data: Uint8Array): AggregatedRecord[] | undefined {
  const found = decodeAggregate(data);
  return found && Array.from({ length: found.length }, (_, index) => found.record(index));
}

function readRecords(name: string): KplRecord[] | undefined {
  const json: { partitionKey: string; data: string }[] | null = JSON.parse(
    readFileSync(new URL(`${name}.json`, FOLDER), "utf8"),
  );
  return json?.map(({ partitionKey, data }) => ({
    partitionKey,
    data: new Uint8Array(Buffer.from(data, "base64")),
  }));
}

const names = readdirSync(FOLDER).filter((name) => name.endsWith(".bin"))
  .map((name) => name.slice(0, -4));

Deno.test("testdata/kpl has files", () => ok(names.length >= 7));

for (const name of names) {
  Deno.test(`decodeAggregate() reads kpl/${name} as the official library does`, () => {
    const data = new Uint8Array(readFileSync(new URL(`${name}.bin`, FOLDER)));
    const expected = readRecords(name);
    deepEqual(recordsIn(data), expected);
    if (expected === undefined) throws(() => officialRecords(data));
    else deepEqual(officialRecords(data), expected);
  });
}

const payload = fc.uint8Array({ maxLength: 300 });
const key = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
const record: fc.Arbitrary<KplRecord> = fc.record(
  { partitionKey: key, data: payload, explicitHashKey: fc.bigInt(1n, 2n ** 128n - 1n).map(String) },
  { requiredKeys: ["partitionKey", "data"] },
);

Deno.test("decodeAggregate() returns what the official library packed", () => {
  fc.assert(fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), (records) => {
    const expected = records.map(({ partitionKey, data }) => ({ partitionKey, data }));
    deepEqual(recordsIn(aggregate(records)), expected);
  }));
});

/** Fields that are not in the format: numbers, bytes, 64 and 32 bits. */
const unknownField = fc.oneof(
  fc.tuple(fc.integer({ min: 5, max: 3_000 }), fc.oneof(fc.maxSafeNat(), payload))
    .map((field) => protobuf([field as Field])),
  fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Uint8Array.of(6 * 8 + 1, ...bytes)),
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Uint8Array.of(7 * 8 + 5, ...bytes)),
);
const padding = fc.oneof(fc.constant(new Uint8Array()), unknownField);

/** Legal messages that the library does not produce: fields in any order, repeated, unknown. */
const legalMessage = fc.array(key, { minLength: 1, maxLength: 4 }).chain((keys) => {
  const index = fc.nat(keys.length - 1);
  const record = fc.record({ old: payload, data: payload, index, first: fc.boolean(), padding })
    .map(({ old, data, index, first, padding }) => {
      const parts = [protobuf([[1, index]]), protobuf([[3, old], [3, data]])];
      return protobuf([[3, join([...(first ? parts : parts.reverse()), padding])]]);
    });
  return fc.tuple(fc.array(record, { minLength: 1, maxLength: 5 }), padding, fc.boolean())
    .map(([records, padding, keysFirst]) => {
      const table = protobuf(keys.map((key): Field => [1, key]));
      return join(keysFirst ? [table, padding, ...records] : [...records, padding, table]);
    });
});

function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

Deno.test("decodeAggregate() reads any legal message as the official library does", () => {
  fc.assert(fc.property(legalMessage, (message) => {
    deepEqual(recordsIn(wrap(message)), officialRecords(wrap(message)));
  }));
});

Deno.test("decodeAggregate() rejects damaged bytes", () => {
  const whole = packRecords([{ partitionKey: "k", data: encodeEvent({ n: 1 }) }]);
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = whole.slice();
      damaged[at]! ^= 1 << bit;
      equal(decodeAggregate(damaged), undefined);
    }
    equal(decodeAggregate(whole.subarray(0, at)), undefined);
  }
});

Deno.test("decodeAggregate() never throws, whatever is between magic and MD5", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (message) => {
      for (const { data } of recordsIn(wrap(message)) ?? []) ok(data.length <= message.length);
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(legalMessage, fc.nat(), fc.nat(255), fc.nat(), (message, at, byte, end) => {
      const mutated = message.slice(0, message.length - (end % 4));
      if (mutated.length > 0) mutated[at % mutated.length] = byte;
      for (const { data } of recordsIn(wrap(mutated)) ?? []) ok(data.length <= mutated.length);
    }),
    { numRuns: 2_000 },
  );
});

const one: Field = [3, protobuf([[1, 0], [3, "data"]])];
const refused: Readonly<Record<string, Uint8Array>> = {
  "no message": new Uint8Array(),
  "no records": protobuf([[1, "key"]]),
  "a key that is not in the table": protobuf([[1, "key"], one, [3, protobuf([[1, 1], [3, ""]])]]),
  "an index beyond 2^53": protobuf([[1, "key"], [3, protobuf([[1, 2 ** 53 - 1], [3, ""]])]]),
  "a record without a key": protobuf([[1, "key"], [3, protobuf([[3, "data"]])]]),
  "a record without a payload": protobuf([[1, "key"], [3, protobuf([[1, 0]])]]),
  "a key longer than Kinesis takes": protobuf([[1, "k".repeat(257)], one]),
  "a number of eleven bytes": Uint8Array.of(8, ...new Array(10).fill(0x80), 0),
  "field 0": protobuf([[1, "key"], one, [0, 1]]),
  "a group": Uint8Array.of(...protobuf([[1, "key"], one]), 5 * 8 + 3),
  "a size beyond the end": Uint8Array.of(...protobuf([[1, "key"], one]), 10, 200),
};

for (const [what, message] of Object.entries(refused)) {
  Deno.test(`decodeAggregate() ignores ${what}`, () => {
    equal(decodeAggregate(wrap(message)), undefined);
  });
}

Deno.test("Aggregate.record() rejects an index out of range", () => {
  const found = decodeAggregate(packRecords([{ partitionKey: "k", data: new Uint8Array(1) }]))!;
  for (const index of [-1, 1, 0.5, NaN]) throws(() => found.record(index), RangeError);
});

Deno.test("decodeAggregate() keeps few bytes per record", () => {
  const record = protobuf([[3, protobuf([[1, 0], [3, ""]])]]);
  const message = new Uint8Array(5 + record.length * 1_000_000);
  message.set(protobuf([[1, "key"]]));
  for (let at = 5; at < message.length; at += record.length) message.set(record, at);
  const found = decodeAggregate(wrap(message))!;
  equal(found.length, 1_000_000);
  deepEqual(found.record(999_999), { partitionKey: "key", data: new Uint8Array() });
});
