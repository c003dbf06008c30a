import { deepStrictEqual, equal } from "node:assert/strict";
import { DuckDBInstance } from "@duckdb/node-api";
import { tableDdl } from "../../../src/archive/tables/ddl.ts";
import { parseColumns } from "../../../src/archive/tables/parse_columns.ts";
import { DirectoryObjectStore, MemoryObjectStore } from "../../../src/objects/mod.ts";
import { FIRST, putArchive, runExport } from "../export/tables.ts";

const SCHEMA = parseColumns(
  'id:int64, d:double, ok:boolean, s, b:binary, j:json, at:timestamp(iso), u.id:int64, u."a b", l:list<string>',
);
const OPTIONS = {
  schema: SCHEMA,
  name: "User-Clicks.prod",
  location: "s3://lake/user's/",
  firstDay: "2015-07-10",
};

Deno.test("tableDdl() makes a table of Athena, with partition projection", () => {
  equal(
    tableDdl("athena", OPTIONS),
    `CREATE EXTERNAL TABLE IF NOT EXISTS \`user_clicks_prod\` (
  \`_file\` string,
  \`_index\` bigint,
  \`_archived_at\` timestamp,
  \`id\` bigint,
  \`d\` double,
  \`ok\` boolean,
  \`s\` string,
  \`b\` binary,
  \`j\` string,
  \`at\` timestamp,
  \`u\` struct<id:bigint,\`a b\`:string>,
  \`l\` array<string>,
  \`_rest\` string
)
PARTITIONED BY (\`dt\` string)
STORED AS PARQUET
LOCATION 's3://lake/user''s/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '2015-07-10,NOW',
  'storage.location.template' = 's3://lake/user''s/dt=\${dt}/'
);
`,
  );
});

Deno.test("tableDdl() makes a table of Athena without projection if rows may be of any day", () => {
  const sql = tableDdl("athena", { ...OPTIONS, firstDay: undefined });
  equal(
    sql.slice(sql.indexOf("STORED")),
    `STORED AS PARQUET
LOCATION 's3://lake/user''s/';

MSCK REPAIR TABLE \`user_clicks_prod\`;
`,
  );
});

Deno.test("tableDdl() makes tables of Spark and BigQuery", () => {
  const spark = tableDdl("spark", OPTIONS).split("\n");
  deepStrictEqual(spark.slice(11, 20), [
    "  `u` struct<id:bigint,`a b`:string>,",
    "  `l` array<string>,",
    "  `_rest` string,",
    "  `dt` date",
    ")",
    "USING PARQUET",
    "PARTITIONED BY (`dt`)",
    "LOCATION 's3://lake/user''s';",
    "",
  ]);
  const bigQuery = tableDdl("bigquery", OPTIONS).split("\n");
  deepStrictEqual(bigQuery.slice(10, 13), [
    "  `at` TIMESTAMP,",
    "  `u` STRUCT<`id` INT64, `a b` STRING>,",
    "  `l` ARRAY<STRING>,",
  ]);
});

Deno.test("tableDdl() makes a view of DuckDB over files with and without a later column", async () => {
  const directory = await Deno.makeTempDir({ prefix: "it's a table" });
  try {
    const [archives, target] = [new MemoryObjectStore(), new DirectoryObjectStore(directory)];
    await putArchive(archives, [{ id: 1 }]);
    await runExport(archives, target, { schema: parseColumns("id:int64") });
    await putArchive(archives, [{ id: 2, late: 3 }], FIRST + 60);
    const schema = parseColumns("id:int64, late:int64");
    await runExport(archives, target, { schema });
    const location = new URL(`file://${directory}`).href;
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(tableDdl("duckdb", { ...OPTIONS, schema, location }));
    const sql = "select id, late, dt::varchar from user_clicks_prod order by id";
    const rows = (await connection.runAndReadAll(sql)).getRows();
    connection.closeSync();
    instance.closeSync();
    deepStrictEqual(rows, [[1n, null, "2015-07-10"], [2n, 3n, "2015-07-11"]]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
