import { deepEqual, equal, ok } from "node:assert/strict";
import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeQuarantined } from "../../../src/codec/tri/archive_quarantine.ts";
import { QuarantineBuilder } from "../../../src/codec/tri/quarantine_builder.ts";
import { badRecord, shard } from "./archive_samples.ts";

const recordOf = (number: number, size: number) =>
  badRecord(number, new Uint8Array(size).fill(number));

const MIXED = [0, 3, 1, 4, 0, 2, 5, 1].map((number) => recordOf(number, 500));

function filled(records: ReturnType<typeof recordOf>[]): QuarantineBuilder {
  const builder = new QuarantineBuilder();
  for (const record of records) builder.add(record);
  return builder;
}

function encoded(records: ReturnType<typeof recordOf>[]): Uint8Array {
  return concatBytes(records.map((record) => encodeQuarantined(record)));
}

Deno.test("QuarantineBuilder keeps records in order and adjacent", () => {
  const builder = filled(MIXED);
  deepEqual(builder.parts(), [encoded(MIXED)]);
  ok(builder.size > encoded(MIXED).length);
});

Deno.test("QuarantineBuilder.remove() leaves the records of other shards, in their order", () => {
  const builder = filled(MIXED);
  builder.remove(shard(1));
  const others = MIXED.filter(({ shardId }) => shardId !== shard(1));
  deepEqual(builder.parts(), [encoded(others)]);
  builder.add(MIXED[2]!);
  deepEqual(builder.parts(), [encoded([...others, MIXED[2]!])]);
});

Deno.test("QuarantineBuilder uses hardly more memory than it reports, at any size", () => {
  for (const size of [0, 500, 65_000, 140_000, 600_000, 1_100_000]) {
    const builder = filled(
      Array.from({ length: Math.ceil(8e6 / (size + 500)) }, () => recordOf(1, size)),
    );
    const buffers = new Set(builder.parts().map(({ buffer }) => buffer));
    const taken = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    ok(taken < 1.15 * builder.size + 2 ** 20, `${size}: ${taken} of ${builder.size}`);
  }
});

Deno.test("QuarantineBuilder.free() frees the memory", () => {
  const builder = filled(MIXED);
  const [part] = builder.parts();
  builder.free();
  equal(part!.length, 0);
  deepEqual(builder.parts(), []);
});
