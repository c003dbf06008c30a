/**
 * Prints an archive as JSON lines for DuckDB or jq, with exact integers of any size, like `triton cat`.
 *
 * ```sh
 * deno run --no-prompt \
 *   --allow-net=triton-prod.s3.us-east-1.amazonaws.com:443 \
 *   --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID \
 *   --allow-sys=osRelease \
 *   examples/archive_to_ndjson.ts s3://triton-prod earthquakes_prod 2026-09-01 2026-09-30 |
 *   duckdb -c "select count(*) from read_json('/dev/stdin')"
 * ```
 *
 * @module
 */

import { openArchive } from "@triton/triton/archive";
import { NdjsonWriter } from "@triton/triton/codec";

const [bucket, stream, from, to] = Deno.args;
if (bucket === undefined || stream === undefined || from === undefined) {
  console.error("Usage: archive_to_ndjson.ts BUCKET STREAM FROM [TO]");
  Deno.exit(2);
}

const output = Deno.stdout.writable.getWriter();
const ndjson = new NdjsonWriter();
await using archive = openArchive(bucket, { stream, from, to });
for await (const { events } of archive.blocks()) { // many events at once, not decoded
  await output.write(ndjson.write(events).slice());
}
await output.close();
