import { deepStrictEqual, equal, match } from "node:assert/strict";
import { DirectoryObjectStore } from "../../../../src/objects/mod.ts";
import { readWithDuckDb } from "../../../archive/tables/parquet/read_parquet.ts";
import { parseSchema } from "../../../../src/archive/tables/schema_file.ts";
import { FIRST, outputsIn, placesIn, putArchive } from "../../../archive/export/tables.ts";
import { type ArchivePlace, withArchive } from "../../archive_place.ts";

/** Runs a test with two archives and a target that does not exist yet. */
async function withTable(
  test: (
    place: ArchivePlace & { readonly target: string; readonly table: DirectoryObjectStore },
  ) => Promise<void>,
): Promise<void> {
  await withArchive(async (place) => {
    const events = [{ id: 1, user: { id: 5 }, at: "2015-07-01T00:00:00.000Z" }, { id: "x" }];
    await putArchive(place.store, events);
    await putArchive(place.store, [{ id: 3 }], FIRST + 60);
    const path = `${place.bucket}-table`;
    const table = new DirectoryObjectStore(path);
    await test({ ...place, target: `file://${path}`, table });
  });
}

Deno.test("triton export exports what is missing, and says what it did", async () => {
  await withTable(async ({ run, target, table }) => {
    const columns = ["--columns", "id:int64, user.id:int64"];
    const { code, stdout, stderr } = await run("export", ["--to", target, ...columns]);
    deepStrictEqual([code, stdout], [0, ""]);
    match(stderr, /Exported 2 archives with 3 events; 2 events with nulls or misfits in _rest\n$/);
    deepStrictEqual(await outputsIn(table), [
      "dt=2015-07-10/clicks-store-1436572740.parquet",
      "dt=2015-07-11/clicks-store-1436572800.parquet",
    ]);
    const again = await run("export", ["--to", target, "--json"]);
    deepStrictEqual(JSON.parse(again.stdout), {
      ...{ exported: 0, done: 2, changed: 0, rows: 0, rests: 0 },
    });
    match(
      (await run("export", ["--to", target, "--check"])).stderr,
      /Exported 0 archives with 0 events; 2 archives had been exported before\n$/,
    );
  });
});

Deno.test("triton export --partition-by, --codec and --rename", async () => {
  await withTable(async ({ run, target, table, bucket }) => {
    const columns = ["--columns", "user.id:int64, at:timestamp(iso)", "--rename", "user.id=number"];
    const options = ["--partition-by", "at:day", "--codec", "gzip"];
    const { code, stderr } = await run("export", ["--to", target, ...columns, ...options]);
    equal(code, 0, stderr);
    const [first, ...others] = await outputsIn(table);
    equal(first, "dt=2015-07-01/clicks-store-1436572740.parquet");
    equal(others.every((key) => key.startsWith("dt=__HIVE_DEFAULT_PARTITION__/")), true);
    const text = await Deno.readTextFile(`${bucket}-table/_triton/schema.json`);
    const [row] = await readWithDuckDb(`${bucket}-table/${first}`, parseSchema(text));
    deepStrictEqual(row!.user, { number: 5n });
    equal((await placesIn(table)).length, 3);
  });
});

Deno.test("triton export --print-schema prints what --schema reads, and puts nothing", async () => {
  await withTable(async ({ run, target, table, bucket }) => {
    const inferred = await run("export", ["--print-schema"]);
    equal(inferred.code, 0, inferred.stderr);
    const types = parseSchema(inferred.stdout).columns.map(({ name, type }) => [name, type.type]);
    deepStrictEqual(types, [["id", "json"], ["user", "struct"], ["at", "string"]]);
    const file = `${bucket}-schema.json`;
    await Deno.writeTextFile(file, inferred.stdout);
    const printed = await run("export", ["--print-schema", "--to", target, "--schema", file]);
    equal(printed.stdout, inferred.stdout);
    await Deno.mkdir(`${bucket}-table`);
    deepStrictEqual(await Array.fromAsync(table.list("")), []);
    await run("export", ["--to", target, "--schema", file]);
    const stored = await run("export", ["--print-schema", "--to", target, "--columns", "late"]);
    deepStrictEqual(
      parseSchema(stored.stdout).columns.map(({ name }) => name),
      ["id", "user", "at", "late"],
    );
  });
});

Deno.test("triton export --ddl prints the SQL of an engine", async () => {
  await withTable(async ({ run }) => {
    const to = ["--to", "file:///nowhere/table", "--columns", "id:int64"];
    const sql: Record<string, RegExp> = {
      athena: /'projection.dt.range' = '2015-07-10,NOW'/,
      duckdb: /CREATE OR REPLACE VIEW "clicks" AS\nSELECT/,
      spark: /LOCATION 'file:\/\/\/nowhere\/table'/,
      bigquery: /CREATE EXTERNAL TABLE IF NOT EXISTS `clicks`/,
    };
    for (const [engine, pattern] of Object.entries(sql)) {
      const { stdout, code, stderr } = await run("export", [...to, "--ddl", engine]);
      equal(code, 0, stderr);
      match(stdout, pattern);
    }
    const { code, stderr } = await run("export", [...to, "--ddl", "athena", "--format", "csv"]);
    deepStrictEqual([code, /Cannot print SQL for csv/.test(stderr)], [2, true]);
  });
});

Deno.test("triton export --rename gives columns names that they could not have", async () => {
  await withTable(async ({ run, bucket }) => {
    const file = `${bucket}-schema.json`;
    const columns = ["Id", "id", "_rest"].map((name) => ({ name, type: "json" }));
    await Deno.writeTextFile(file, JSON.stringify({ version: 1, columns }));
    for (const from of [["--columns", "Id:json, id:json, _rest:json"], ["--schema", file]]) {
      const renames = ["--rename", "Id=id2", "--rename", "_rest=rest"];
      const { stdout, stderr } = await run("export", [...from, ...renames, "--print-schema"]);
      equal(stderr, "");
      deepStrictEqual(parseSchema(stdout).columns.map(({ name }) => name), ["id2", "id", "rest"]);
    }
  });
});

Deno.test("triton export --ddl knows that a table is partitioned by a column", async () => {
  await withTable(async ({ run, target }) => {
    const to = ["--to", target, "--columns", "at:timestamp(iso)"];
    const by = ["--partition-by", "at:day"];
    await run("export", [...to, ...by]);
    const { stdout, stderr } = await run("export", [...to, ...by, "--ddl", "athena"]);
    match(stdout, /MSCK REPAIR TABLE `clicks`/, stderr);
    const without = await run("export", [...to, "--ddl", "athena"]);
    equal(without.code, 1);
    match(without.stderr, /the table is parquet, partitioned by at:day/);
  });
});

Deno.test("triton export takes a part, and a list of keys", async () => {
  await withTable(async ({ run, target, table }) => {
    const to = ["--to", target, "--columns", "id:int64"];
    for (const [i, part] of ["1/3", "2/3", "3/3"].entries()) {
      const { code, stderr } = await run("export", [...to, "--part", part]);
      equal(code, 0, stderr);
      equal((await outputsIn(table)).length <= i + 2, true);
    }
    equal((await outputsIn(table)).length, 2, "the parts are all of the archive");
    const key = "20150711/clicks-store-1436572800.tri";
    const keys = ["--keys-from", "-", "--to", `${target}-2`];
    const { code, stderr } = await run("export", keys, { stdin: `${key}\n` });
    equal(code, 0, stderr);
    const other = new DirectoryObjectStore(new URL(`${target}-2`).pathname);
    deepStrictEqual(await outputsIn(other), ["dt=2015-07-11/clicks-store-1436572800.parquet"]);
    const unknown = await run("export", keys, { stdin: "20150712/clicks-store-1.tri\n" });
    equal(unknown.code, 1);
    match(unknown.stderr, /20150712\/clicks-store-1.tri/);
  });
});

Deno.test("triton export says what is wrong with its options", async () => {
  await withTable(async ({ run, target, bucket }) => {
    const to = ["--to", target];
    const wrong: [string[], RegExp][] = [
      [[], /Cannot export: pass --to s3:\/\/BUCKET\/PREFIX or file:\/\/\/DIR/],
      [["--print-schema", "--ddl", "duckdb"], /Cannot export: pass --to/],
      [["--to", `file://${bucket}`], /--to is the place of the archive/],
      [["--to", `file://${bucket}/../bucket//`], /--to is the place of the archive/],
      [["--to", "ftp://x"], /'ftp:\/\/x' is invalid\. Use s3:\/\/BUCKET\/PREFIX/],
      [[...to, "--columns", "a:int"], /Cannot read the columns: there is no type "int"/],
      [[...to, "--columns", "a", "--schema", "b"], /only one of --columns and --schema/],
      [[...to, "--rename", "a"], /Cannot rename "a": give --rename PATH=NAME/],
      [[...to, "--columns", "a", "--rename", "b=c"], /Cannot rename b: the schema has no such/],
      [[...to, "--format", "xlsx"], /Allowed choices are parquet, ndjson.gz, csv/],
    ];
    for (const [args, message] of wrong) {
      const { code, stderr } = await run("export", args);
      equal(code, 2, stderr);
      match(stderr, message);
    }
    const notText = `${bucket}-not-text.json`;
    await Deno.writeFile(notText, Uint8Array.of(0xff));
    const files: Record<string, RegExp> = {
      [`${bucket}/none.json`]: /: no such file\n$/,
      [bucket]: /: it is a directory; pass a file\n$/,
      [notText]: /: it is not UTF-8 text\n$/,
      "/dev/null/x": /: .*directory/,
    };
    for (const [path, why] of Object.entries(files)) {
      for (const [flag, what] of [["--schema", "schema"], ["--keys-from", "keys in"]]) {
        if (path === notText && flag === "--keys-from") continue;
        const { code, stderr } = await run("export", [...to, flag!, path]);
        equal(code, 1);
        match(stderr, new RegExp(`^triton: Cannot read the ${what} "${path}": `));
        match(stderr, why);
      }
    }
    const none = await run("export", [...to, "--columns", "a", "--partition-by", "b:day"]);
    equal(none.code, 1);
    match(none.stderr, /Cannot partition by b: the table has no such column/);
  });
});
