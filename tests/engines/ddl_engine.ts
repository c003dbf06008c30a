import { deepStrictEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { DDL_ENGINES } from "../../src/archive/tables/ddl.ts";
import { withEngines } from "./engine_place.ts";

const LOCATION = "s3://triton-lake/tables/events";
const COLUMNS = "id:int64, at.t:timestamp(iso), at.b:binary, at.c:list<double>, ok:boolean, j:json";
const NAMES = ["_file", "_index", "_archived_at", "id", "at", "ok", "j", "_rest"];

/** Types of the columns, in the words of each engine, and texts in the statement. */
const EXPECTED: Readonly<Record<string, { readonly types: string[]; readonly texts: string[] }>> = {
  athena: {
    types: [
      ...["VARCHAR", "BIGINT", "TIMESTAMP", "BIGINT"],
      ...["ROW(t TIMESTAMP, b VARBINARY, c ARRAY(DOUBLE))", "BOOLEAN", "VARCHAR", "VARCHAR"],
    ],
    texts: [
      ...["2015-10-01,NOW", "date", "projection.dt.format", "projection.dt.range"],
      ...["projection.dt.type", "projection.enabled", `${LOCATION}/`, `${LOCATION}/dt=\${dt}/`],
      ...["storage.location.template", "true", "yyyy-MM-dd"],
    ],
  },
  bigquery: {
    types: [
      ...["STRING", "INT64", "TIMESTAMP", "INT64"],
      ...["STRUCT<`t` TIMESTAMP, `b` BYTES, `c` ARRAY<FLOAT64>>", "BOOL", "STRING", "STRING"],
    ],
    texts: ["PARQUET", LOCATION, `${LOCATION}/dt=*`],
  },
  duckdb: { types: [], texts: [`${LOCATION}/dt=*/*.parquet`] },
  spark: {
    types: [
      ...["STRING", "BIGINT", "TIMESTAMP", "BIGINT"],
      ...["STRUCT<t: TIMESTAMP, b: BINARY, c: ARRAY<DOUBLE>>", "BOOLEAN", "STRING", "STRING"],
    ],
    texts: [LOCATION],
  },
};

Deno.test("sqlglot parses the SQL of --ddl, and finds the columns in it", () =>
  withEngines(async ({ folder, stream, bucket, triton, shell }) => {
    const args = ["--stream", stream, "--bucket", bucket, "--to", LOCATION, "--columns", COLUMNS];
    const sql: Record<string, string> = {};
    for (const engine of DDL_ENGINES) {
      sql[engine] = await triton("export", ...args, "--ddl", engine);
    }
    await Deno.writeTextFile(join(folder, "sql.json"), JSON.stringify(sql));
    const program = new URL("ddl_program.py", import.meta.url).pathname;
    const { code, stdout, stderr } = await shell(`python '${program}' < sql.json`);
    equal(code, 0, stderr);
    const found = JSON.parse(stdout);
    for (const engine of DDL_ENGINES) {
      const { types, texts } = EXPECTED[engine]!;
      const columns = Object.fromEntries(types.map((type, i) => [NAMES[i], type]));
      if (engine === "spark") columns.dt = "DATE";
      const kind = engine === "duckdb" ? "VIEW" : "TABLE";
      deepStrictEqual(found[engine], { kind, table: stream, columns, texts }, engine);
    }
  }));
