import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { TableSchema } from "../../../../src/archive/tables/column_types.ts";
import { checkSchema } from "../../../../src/archive/tables/column_types.ts";
import { exactJson } from "../../../../src/archive/tables/exact_json.ts";
import type { ParquetCodec } from "../../../../src/archive/tables/parquet/parquet_codec.ts";
import { parseColumns } from "../../../../src/archive/tables/parse_columns.ts";
import { ParquetTable } from "../../../../src/archive/tables/parquet/parquet_table.ts";
import { type Cells, splitEvent } from "../../../../src/archive/tables/split_event.ts";
import { decodeEvent, encodeEvent, encodeMsgpack } from "../../../../src/codec/mod.ts";
import { anyColumns, anyEvent } from "../arbitraries.ts";
import { joined, readFooter, readWithDuckDb, readWithHyparquet } from "./read_parquet.ts";

const ARCHIVED_AT = 1_436_553_581_000_000n;
const FILE = "20150710/clicks-store-1436553581.tri";

/** A file with these events, in MessagePack. */
async function fileOf(
  events: readonly Uint8Array[],
  schema: TableSchema,
  codec?: ParquetCodec,
): Promise<Uint8Array<ArrayBuffer>> {
  const table = new ParquetTable({ schema, file: FILE, archivedAt: ARCHIVED_AT, codec });
  // Something before and after: places in the bytes must not be mixed up.
  const bytes = joined([Uint8Array.of(0xc1, 0xc1, 0xc1), ...events, Uint8Array.of(0xc1)]);
  let at = 3;
  for (const [index, { length }] of events.entries()) {
    table.add(bytes, at, at + length, index);
    at += length;
  }
  equal(table.rows, events.length);
  return joined(await table.finish());
}

/** The rows that a file should have. */
function expected(events: readonly Uint8Array[], schema: TableSchema): Cells[] {
  return events.map((event, index) => {
    const { cells, rest } = splitEvent(decodeEvent(event), schema);
    return {
      _file: FILE,
      _index: BigInt(index),
      _archived_at: ARCHIVED_AT,
      ...cells,
      _rest: rest === undefined ? null : exactJson(rest),
    };
  });
}

/** The same rows in any order of the keys in the rest, and without `__proto__` as a name. */
function comparable(rows: readonly Cells[]): unknown[] {
  return rows.map((row) => ({ ...row, _rest: row._rest === null ? null : sorted(row._rest) }));
}

function sorted(json: unknown): unknown {
  return JSON.parse(json as string, (_key, value) => value);
}

/** Schemas without the name `__proto__`, which hyparquet does not read. */
const anySchema = anyColumns()
  .filter((columns) => !JSON.stringify(columns).includes("__proto__"))
  .map((columns) => ({ columns }))
  .filter((schema) => {
    try {
      return checkSchema(schema) === schema;
    } catch {
      return false;
    }
  });

Deno.test("ParquetTable writes what splitEvent() says, for any events and any schema", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyEvent, { maxLength: 20 }), anySchema, async (events, schema) => {
      const bytes = events.map((event) => encodeEvent(event));
      const rows = await readWithHyparquet(await fileOf(bytes, schema));
      deepStrictEqual(comparable(rows), comparable(expected(bytes, schema)));
    }),
    { numRuns: 500 },
  );
});

Deno.test("DuckDB reads what splitEvent() says, for any events and any schema", async () => {
  const path = await Deno.makeTempFile({ suffix: ".parquet" });
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyEvent, { minLength: 1, maxLength: 20 }),
        anySchema,
        async (events, schema) => {
          const bytes = events.map((event) => encodeEvent(event));
          await Deno.writeFile(path, await fileOf(bytes, schema));
          const rows = await readWithDuckDb(path, schema);
          deepStrictEqual(comparable(rows), comparable(expected(bytes, schema)));
        },
      ),
      { numRuns: 60 },
    );
  } finally {
    await Deno.remove(path);
  }
});

/** The bytes of a map with entries that are MessagePack. */
function mapOf(...entries: readonly (readonly [Uint8Array, unknown])[]): Uint8Array {
  const parts = entries.flatMap(([key, value]) => [key, encodeMsgpack(value)]);
  return joined([Uint8Array.of(0x80 | entries.length), ...parts]);
}

Deno.test("ParquetTable reads keys that are twice there, or no text, as decodeEvent() does", async () => {
  const a = encodeMsgpack("a");
  const binary = Uint8Array.of(0xc4, 1, 0x61);
  const long = Uint8Array.of(0xd9, 1, 0x61);
  const bad = Uint8Array.of(0xa1, 0xff);
  const list = { a: [1, 2] };
  const events = [
    mapOf([a, 1], [a, 2]),
    mapOf([a, "x"], [a, 2]),
    mapOf([a, 1], [a, "x"]),
    mapOf([binary, 1]),
    mapOf([binary, 1], [a, 2]),
    mapOf([long, 1]),
    mapOf([encodeMsgpack(5), 1], [encodeMsgpack("5"), 2]),
    mapOf([bad, 1], [bad, 2], [encodeMsgpack("\ufffd"), 3]),
    mapOf([encodeMsgpack("x"), 1], [encodeMsgpack("x"), 2], [a, 3]),
    mapOf([encodeMsgpack("l"), [list, list]], [encodeMsgpack("l"), [list]], [a, 1]),
  ];
  for (const text of ["a:int64, l:list<string>", "b", "a:string", "x:int64, a.b"]) {
    const schema = parseColumns(text);
    const rows = await readWithHyparquet(await fileOf(events, schema));
    deepStrictEqual(comparable(rows), comparable(expected(events, schema)), text);
  }
});

Deno.test("ParquetTable leaves nothing of a list whose last element does not fit", async () => {
  const lists = [[1, "x"], [2], [3, 4, {}], [], [5]];
  const events = lists.flatMap((
    l,
  ) => [encodeEvent({ l }), encodeEvent({ s: { l: [[6], l] } })]);
  const schema = parseColumns("l:list<int64>, s.l:list<list<int64>>");
  const rows = await readWithHyparquet(await fileOf(events, schema));
  deepStrictEqual(comparable(rows), comparable(expected(events, schema)));
});

Deno.test("ParquetTable writes text that is not UTF-8 as decodeEvent() reads it", async () => {
  const events = [mapOf([encodeMsgpack("a"), 1])].map(() =>
    joined([Uint8Array.of(0x81, 0xa1, 0x61, 0xa4, 0x62, 0xff, 0xc3, 0x62)])
  );
  const schema = parseColumns("a");
  const [row] = await readWithHyparquet(await fileOf(events, schema));
  equal(row!.a, "b\ufffd\ufffdb");
});

Deno.test("ParquetTable keeps all values of large files, in every codec", async () => {
  const events: Uint8Array[] = [];
  for (let i = 0; i < 30_000; i++) {
    const text = "x".repeat(i % 700);
    const tags = i % 3 === 0 ? [] : [`t${i % 5}`, null, `u${i}`];
    const event = { i, kind: `k${i % 4}`, id: `id-${i}`, text, tags, d: i / 7, b: i % 2 === 0 };
    events.push(encodeEvent(i % 10 === 0 ? { i, other: i } : event));
  }
  const schema = parseColumns(
    "i:int64, kind, id, text, tags:list<string>, d:double, b:boolean, none:int64",
  );
  const wanted = expected(events, schema);
  const sizes = new Map<string, number>();
  for (const codec of ["snappy", "zstd", "gzip", "none"] as const) {
    const file = await fileOf(events, schema, codec);
    sizes.set(codec, file.length);
    const rows = await readWithHyparquet(file);
    equal(rows.length, wanted.length);
    // One by one: a difference of all rows would be endless.
    for (const [i, row] of rows.entries()) deepStrictEqual(row, wanted[i], `${codec}, row ${i}`);
    const { rowGroups, createdBy } = readFooter(file);
    ok(rowGroups.length > 1, `${rowGroups.length} row groups`);
    equal(createdBy!.startsWith("triton version "), true);
  }
  ok(sizes.get("snappy")! < sizes.get("none")! && sizes.get("gzip")! < sizes.get("snappy")!);
});

Deno.test("ParquetTable writes bounds by which readers may skip row groups", async () => {
  const schema = parseColumns("n:int64, d:double, nan:double, s");
  const values = [5, -7, 2 ** 40, 0];
  const events = values.map((n) =>
    encodeEvent({ n, d: n === 0 ? 0 : n / 2, nan: n === 0 ? NaN : n + 0.5, s: "bac"[n % 3] ?? "z" })
  );
  const [group] = readFooter(await fileOf(events, schema)).rowGroups;
  const bounds = new Map(group!.columns.map(({ meta_data }) => {
    const { statistics, path_in_schema } = meta_data!;
    return [path_in_schema.join("."), [statistics?.min_value, statistics?.max_value]];
  }));
  deepStrictEqual(bounds.get("n"), [-7n, 2n ** 40n]);
  deepStrictEqual(bounds.get("d"), [-3.5, 2 ** 39]);
  deepStrictEqual(bounds.get("nan"), [undefined, undefined]);
  deepStrictEqual(bounds.get("_index"), [0n, 3n]);
});
