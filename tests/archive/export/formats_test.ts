import { deepStrictEqual, equal } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import { parseExactJson } from "../../../src/archive/tables/exact_json.ts";
import { mergeRow } from "../../../src/archive/tables/merge_row.ts";
import { parseSchema } from "../../../src/archive/tables/schema_file.ts";
import type { Cells } from "../../../src/archive/tables/split_event.ts";
import type { EventData } from "../../../src/base/record.ts";
import { decodeEvent, Extension, readArchiveEvents, Timestamp } from "../../../src/codec/mod.ts";
import { DirectoryObjectStore, MemoryObjectStore } from "../../../src/objects/mod.ts";
import { readWithDuckDb } from "../tables/parquet/read_parquet.ts";
import { bytesOf, outputsIn, putArchive, rowsIn, runExport } from "./tables.ts";

const GOLDEN = new URL("../../testdata/golden/", import.meta.url);

Deno.test("every golden archive exports: DuckDB and hyparquet read the same rows, which are its events", async () => {
  const names = readdirSync(GOLDEN).filter((name) => name.endsWith(".tri"));
  equal(names.length > 4, true);
  for (const name of names) {
    const directory = await Deno.makeTempDir();
    try {
      const archives = new MemoryObjectStore();
      const file = readFileSync(new URL(name, GOLDEN));
      await archives.put("20150710/clicks-store-1436553581.tri", file);
      const target = new DirectoryObjectStore(directory);
      await runExport(archives, target);
      const schema = parseSchema(
        new TextDecoder().decode(await bytesOf(target, "_triton/schema.json")),
      );
      const rows = await rowsIn(target);
      const [output] = await outputsIn(target);
      deepStrictEqual(await readWithDuckDb(`${directory}/${output}`, schema), rows, name);
      const events = await Array.fromAsync(readArchiveEvents(file), (event) => decodeEvent(event));
      const merged = rows.map(({ _rest, ...cells }: Cells) => {
        const rest = _rest === null ? undefined : parseExactJson(_rest as string) as EventData;
        return mergeRow({ cells, rest }, schema);
      });
      equal(merged.length, events.length);
      for (const [i, event] of merged.entries()) deepStrictEqual(event, events[i], `${name} ${i}`);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
});

const SCHEMA = parseColumns(
  "n:int64, d:double, s, t:timestamp, b:binary, l:list<string>, j:json, u.id:int64, u.name, ok:boolean",
);

const EVENTS: EventData[] = [
  {
    n: 2n ** 60n,
    d: NaN,
    s: 'a "b",\nc',
    t: new Timestamp(1436553581, 5_000_000),
    b: Uint8Array.of(104, 105),
    l: ["x", null],
    j: { a: [1] },
    u: { id: 1, name: "" },
    ok: true,
  },
  { n: "x", d: -0, u: { more: 1 }, e: new Extension(7, Uint8Array.of(1)) },
  {},
];

Deno.test("exportTable() writes JSON lines with the same columns, compressed", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const key = await putArchive(archives, EVENTS);
  await runExport(archives, target, { format: "ndjson.gz", schema: SCHEMA });
  const [output] = await outputsIn(target);
  equal(output, "dt=2015-07-10/clicks-store-1436572740.ndjson.gz");
  const lines = gunzipSync(await bytesOf(target, output!)).toString().split("\n");
  const system = (index: number) =>
    `{"_file":"${key}","_index":${index},"_archived_at":"2015-07-10T23:59:00Z"`;
  deepStrictEqual(lines, [
    `${
      system(0)
    },"n":1152921504606846976,"d":"NaN","s":"a \\"b\\",\\nc","t":"2015-07-10T18:39:41.005Z",` +
    `"b":"aGk=","l":["x",null],"j":{"a":[1]},"u":{"id":1,"name":""},"ok":true}`,
    `${system(1)},"d":-0,"u":{},"_rest":{"n":"x","u":{"more":1},"e":{"$extension":[7,"AQ=="]}}}`,
    `${system(2)}}`,
    "",
  ]);
});

Deno.test("exportTable() writes CSV with a column for each leaf", async () => {
  const [archives, target] = [new MemoryObjectStore(), new MemoryObjectStore()];
  const key = await putArchive(archives, EVENTS);
  await runExport(archives, target, { format: "csv", schema: SCHEMA });
  const [output] = await outputsIn(target);
  equal(output, "dt=2015-07-10/clicks-store-1436572740.csv");
  equal(
    new TextDecoder().decode(await bytesOf(target, output!)),
    "_file,_index,_archived_at,n,d,s,t,b,l,j,u.id,u.name,ok,_rest\n" +
      `${key},0,2015-07-10T23:59:00Z,1152921504606846976,NaN,"a ""b"",\nc",2015-07-10T18:39:41.005Z,aGk=,` +
      `"[""x"",null]","{""a"":[1]}",1,"",true,\n` +
      `${key},1,2015-07-10T23:59:00Z,,-0,,,,,,,,,` +
      `"{""n"":""x"",""u"":{""more"":1},""e"":{""$extension"":[7,""AQ==""]}}"\n` +
      `${key},2,2015-07-10T23:59:00Z,,,,,,,,,,,\n`,
  );
});
