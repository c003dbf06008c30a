/**
 * A backfill that continues live: prints strong earthquakes since a day in the past, from the archive
 * first, until Ctrl-C. After a restart it resumes after the last record that it handled.
 *
 * ```sh
 * deno run --no-prompt \
 *   --allow-net=kinesis.us-east-1.amazonaws.com:443,triton-prod.s3.us-east-1.amazonaws.com:443 \
 *   --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID \
 *   --allow-sys=osRelease \
 *   --allow-read=backfill.db,backfill.db-wal,backfill.db-shm \
 *   --allow-write=backfill.db,backfill.db-wal,backfill.db-shm \
 *   examples/backfill.ts s3://triton-prod 2026-09-01
 * ```
 *
 * @module
 */

import { getNumber, getString, openCheckpointer, openHistory } from "@triton/triton";

const [bucket, from] = Deno.args;
if (bucket === undefined || from === undefined) {
  console.error("Usage: backfill.ts BUCKET FROM");
  Deno.exit(2);
}

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

await using checkpointer = await openCheckpointer("sqlite://backfill.db", { client: "backfill" });
await using history = openHistory("earthquakes_prod", {
  bucket,
  from,
  checkpointer,
  autoCheckpoint: { every: 100, intervalMs: 5_000 },
  signal: stop.signal,
});
for await (const record of history) {
  const magnitude = getNumber(record.data, "properties.mag") ?? 0;
  const origin = "key" in record ? "archived" : "live";
  if (magnitude >= 5) console.log(origin, magnitude, getString(record.data, "properties.place"));
}
