/** Rows for exporting archives as tables. */

import { STREAM } from "./support/archives.ts";
import { runMeasured } from "./support/child.ts";
import type { Case } from "./support/measure.ts";
import { BUCKET, type Row, type Workbench } from "./support/workbench.ts";

const DUCKDB = new URL("programs/duckdb_parquet.ts", import.meta.url).pathname;

/** `export` of one archive to Parquet, compared with `cat` into DuckDB. */
async function* exportParquet(bench: Workbench): AsyncGenerator<Case> {
  await using s3 = await bench.startS3(bench.makeArchives(1, bench.events.length));
  const env = bench.environment(s3);
  let targets = 0;
  const args = ["--stream", STREAM, "--bucket", `s3://${BUCKET}`];
  // The same shell for both programs of the pipe: CPU time is that of all processes.
  const pipe =
    '"$0" run --quiet --allow-all cli.ts cat "$1" | "$0" run --quiet --allow-all "$2" "$3"';
  yield {
    what: `export of ${bench.megabytes.toFixed(1)} MB to Parquet, from S3 to a directory`,
    amount: bench.megabytes,
    unit: "MB",
    measure: ({ triton }) => {
      const to = `file://${bench.path(`table-${targets++}`)}`;
      return runMeasured([...triton, "export", ...args, "--to", to], { env });
    },
    others: {
      "cat | duckdb": () => {
        const output = bench.path("duckdb.parquet");
        return runMeasured(["sh", "-c", pipe, Deno.execPath(), bench.archiveFile, DUCKDB, output]);
      },
    },
  };
}

export const EXPORT_ROWS: readonly Row[] = [
  {
    name: "export",
    summary: "export of one archive of 90.9 MB to Parquet, compared with cat into DuckDB",
    cases: exportParquet,
  },
];
