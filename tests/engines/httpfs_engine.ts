import { deepStrictEqual, equal } from "node:assert/strict";
import { s3Environment } from "../support/s3_server.ts";
import { withEngines } from "./engine_place.ts";
import { makeEnvironment } from "./engines_environment.ts";

/** Counts the rows of a table in S3, and prints its columns. */
const PROGRAM = `
import duckdb, json, os, sys
from duckdb_extensions import import_extension
import_extension("httpfs")
duckdb.sql("load httpfs")
duckdb.sql(f"""create secret (type s3, url_style path, use_ssl false, region 'us-east-1',
  endpoint '{os.environ["S3"].removeprefix("http://")}',
  key_id '{os.environ["KEY"]}', secret '{os.environ["SECRET"]}')""")
table = f"read_parquet('{sys.argv[1]}/dt=*/*.parquet', union_by_name = true, hive_partitioning = true)"
count = "count(*), count(distinct (_file, _index)), count(distinct dt)"
print(json.dumps(duckdb.sql(f"select {count} from {table}").fetchall()))
`.trim();

Deno.test("DuckDB reads an export in S3, with its extension httpfs", () =>
  withEngines(async (place) => {
    const to = `${place.bucket}/table`;
    const from = ["--stream", place.stream, "--bucket", place.bucket];
    await place.triton("export", ...from, "--to", to);
    const environment = s3Environment(place.s3);
    const { code, stdout, stderr } = await new Deno.Command(
      await makeEnvironment("httpfs_requirements.txt"),
      {
        args: ["-c", PROGRAM, to],
        env: {
          S3: place.s3.url,
          KEY: environment.AWS_ACCESS_KEY_ID!,
          SECRET: environment.AWS_SECRET_ACCESS_KEY!,
        },
      },
    ).output();
    equal(code, 0, new TextDecoder().decode(stderr));
    const [[rows, places]] = JSON.parse(new TextDecoder().decode(stdout));
    deepStrictEqual([rows, places], [place.events, place.events]);
  }));
