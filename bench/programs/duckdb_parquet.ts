/** Makes JSON lines on standard input a Parquet file, with DuckDB in one thread: FILE. */

import { DuckDBInstance } from "@duckdb/node-api";

const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
const connection = await instance.connect();
const path = Deno.args[0]!.replaceAll("'", "''");
await connection.run(
  `copy (select * from read_ndjson('/dev/stdin')) to '${path}' (format parquet, codec snappy)`,
);
