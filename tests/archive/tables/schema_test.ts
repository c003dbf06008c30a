import { deepStrictEqual, equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { growSchema, renameColumns } from "../../../src/archive/tables/change_schema.ts";
import {
  type ColumnType,
  MAX_LEAVES,
  pathText,
  type TableSchema,
  TableSchemaError,
  typeText,
} from "../../../src/archive/tables/column_types.ts";
import { SchemaInference } from "../../../src/archive/tables/infer_schema.ts";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import { formatSchema, parseSchema } from "../../../src/archive/tables/schema_file.ts";
import type { EventData } from "../../../src/base/record.ts";
import { Timestamp } from "../../../src/codec/mod.ts";
import { anyColumns } from "./arbitraries.ts";

/** Columns as text, such as `user.id:int64`. */
function text({ columns }: TableSchema, path: readonly string[] = []): string {
  return columns.map(({ key, type }) => {
    const at = [...path, key];
    return type.type === "struct"
      ? text({ columns: type.fields }, at)
      : `${pathText(at)}:${typeText(type)}`;
  }).join(", ");
}

function infer(...events: EventData[]): string {
  const inference = new SchemaInference();
  for (const event of events) inference.add(event);
  return text(inference.schema());
}

function refused(run: () => unknown, message: RegExp): void {
  throws(run, (error) => error instanceof TableSchemaError && message.test(error.message));
}

Deno.test("parseColumns() reads paths, types and quoted keys", () => {
  const schema = parseColumns('user.id:int64, page, at : timestamp ,user."a.b":list<double>');
  equal(text(schema), 'user.id:int64, user."a.b":list<double>, page:string, at:timestamp');
});

Deno.test("parseColumns() says where a text is not a list of columns", () => {
  refused(() => parseColumns(""), /expected a key at the end/);
  refused(() => parseColumns("a:int64 b"), /expected a comma at "b"/);
  refused(() => parseColumns("a:int"), /there is no type "int"; use int64, double/);
  refused(() => parseColumns("a:timestamp(x)"), /no type "timestamp\(x\)"/);
  refused(() => parseColumns("a:list"), /expected "<" and the type/);
  refused(() => parseColumns("a, a:int64"), /column a: it is there twice/);
  refused(() => parseColumns("a:int64, a.b"), /column a\.b: a has fields and a type/);
  refused(() => parseColumns("a.b, a:int64"), /column a/);
  refused(
    () => parseColumns("Id, ID"),
    /"Id" and "ID" have names that are equal ignoring case; pass --rename/,
  );
  refused(() => parseColumns("_FILE"), /the name of the column _FILE is reserved/);
  refused(() => parseColumns("a.b.c.d.e.f"), /nested more than 4 deep/);
  refused(
    () => parseColumns("a:list<list<list<list<list<int64>>>>>"),
    /lists of a are nested more/,
  );
  const many = Array.from({ length: MAX_LEAVES + 1 }, (_, i) => `c${i}`).join();
  refused(() => parseColumns(many), /it has 201 leaves, more than 200/);
});

Deno.test("parseSchema() reads what formatSchema() writes", () => {
  fc.assert(fc.property(anyColumns(), (columns) => {
    const schema = { columns };
    try {
      deepStrictEqual(parseSchema(formatSchema(schema)), schema);
    } catch (error) {
      // Arbitrary names may clash.
      if (!/equal ignoring case/.test((error as Error).message)) throw error;
    }
  }));
});

Deno.test("parseSchema() names the column that is wrong", () => {
  const schema = (columns: unknown) => JSON.stringify({ version: 1, columns });
  refused(() => parseSchema("{"), /Cannot read the schema: /);
  refused(() => parseSchema("[]"), /not a JSON object/);
  refused(() => parseSchema('{"version":2}'), /its version is 2, not 1/);
  refused(() => parseSchema(schema({})), /"columns" is not an array/);
  refused(
    () => parseSchema(schema([{ type: "string" }])),
    /a column is not an object with a "name"/,
  );
  refused(
    () => parseSchema(schema([{ name: "a", type: "text" }])),
    /column a: there is no type "text"/,
  );
  refused(
    () => parseSchema(schema([{ name: "a", type: "int64", nullable: true }])),
    /column a .*"nullable" is not known/,
  );
  const inner = [{ name: "u", type: "struct", fields: [{ name: "id" }] }];
  refused(() => parseSchema(schema(inner)), /column u\.id of the schema: it has no "type"/);
  refused(
    () => parseSchema(schema([{ name: "u", type: "struct", fields: [] }])),
    /struct u has no field/,
  );
});

Deno.test("SchemaInference finds the narrowest type that keeps every value", () => {
  equal(infer({ a: 1 }, { a: 2n ** 63n - 1n }), "a:int64");
  equal(infer({ a: 1 }, { a: 0.5 }), "a:double");
  equal(infer({ a: -0 }), "a:double");
  equal(infer({ a: 2n ** 63n - 1n }, { a: 0.5 }), "a:json");
  equal(infer({ a: 2n ** 63n }), "a:json");
  equal(infer({ a: 1 }, { a: "1" }), "a:json");
  equal(infer({ a: "x", b: true, c: Uint8Array.of(1) }), "a:string, b:boolean, c:binary");
  equal(infer({ a: new Timestamp(1, 1000) }), "a:timestamp");
  equal(infer({ a: new Timestamp(1, 1) }), "a:json");
  equal(infer({ a: null }, { b: null }, { b: 1 }), "b:int64");
  equal(infer({ a: [1, null] }, { a: [] }), "a:list<int64>");
  equal(infer({ a: [1, "x"], b: [] }), "a:json, b:json");
  equal(infer({ a: { b: { c: 1 } } }, { a: { d: "x" } }), "a.b.c:int64, a.d:string");
  equal(infer({ a: [{ b: 1 }] }), "a:list<struct<b:int64>>");
  equal(infer({ "": 1, "a\n": 2, a: 3 }), "a:int64");
});

Deno.test("SchemaInference makes maps JSON that are deep, large, or have ids as keys", () => {
  const numbered = (count: number, value: unknown = 1) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, value]));
  equal(infer({ a: { b: { c: { d: { e: 1 } } } } }), "a.b.c.d.e:int64");
  equal(infer({ a: { b: { c: { d: { e: { f: 1 } } } } } }), "a.b.c.d.e:json");
  equal(infer({ a: numbered(101), b: numbered(100) }).split(", ").length, 101);
  equal(infer({ a: numbered(101) }), "a:json");
  const parts = [numbered(60), numbered(41)].map((map, i) =>
    Object.fromEntries(Object.keys(map).map((key) => [`${i}${key}`, 1]))
  );
  equal(infer({ a: parts[0] }, { a: parts[1] }), "a:json", "distinct keys of all events count");
  const wide = infer({ ...numbered(120, { x: 1 }), big: numbered(90) }).split(", ");
  equal(wide.length, 121);
  equal(wide.at(-1), "big:json");
  const rare = infer({ rare: 1 }, numbered(200), { ...numbered(200) }).split(", ");
  equal(rare.length, MAX_LEAVES);
  equal(rare.includes("rare:int64"), false);
});

Deno.test("SchemaInference refuses names that are equal ignoring case, unless they are renamed", () => {
  const inference = new SchemaInference();
  inference.add({ u: { Id: 1, ID: 2 }, _file: "x" });
  refused(() => inference.schema(), /"Id" and "ID" of u have names .* --rename 'u\.ID=OTHER_NAME'/);
  const renames = new Map([["u.ID", "id2"], ["_file", "file"]]);
  const [user, file] = inference.schema(renames).columns;
  deepStrictEqual((user!.type as ColumnType & { type: "struct" }).fields.map(({ name }) => name), [
    "Id",
    "id2",
  ]);
  equal(file!.name, "file");
  const names = inference.schema(new Map([["u.ID", "id2"]])).columns.map(({ name }) => name);
  deepStrictEqual(names, ["u", "_file_"], "a reserved name");
  refused(
    () => inference.schema(new Map([["none", "x"]])),
    /Cannot rename none: the schema has no such column/,
  );
});

Deno.test("growSchema() adds columns at any depth, and never retypes one", () => {
  const current = parseColumns("a:int64, u.id:int64");
  const grown = growSchema(current, parseColumns("b, u.name, a:int64, l:list<int64>"));
  equal(text(grown), "a:int64, u.id:int64, u.name:string, b:string, l:list<int64>");
  equal(growSchema(current, parseColumns("a:int64")), current);
  refused(
    () => growSchema(current, parseColumns("a:double")),
    /column a double: in the table it is int64/,
  );
  refused(
    () => growSchema(current, parseColumns("u:json")),
    /column u json: in the table it is struct</,
  );
  const renamed = {
    columns: renameColumns(parseColumns("a:int64").columns, new Map([["a", "b"]])),
  };
  refused(() => growSchema(current, renamed), /Cannot rename column a to "b"/);
  refused(() => growSchema(current, parseColumns("A:int64")), /equal ignoring case/);
});
