/**
 * A consumer with checkpoints: prints strong earthquakes until Ctrl-C. After a restart it resumes after
 * the last record that it handled.
 *
 * ```sh
 * deno run --no-prompt \
 *   --allow-net=kinesis.us-east-1.amazonaws.com:443 \
 *   --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID \
 *   --allow-sys=osRelease \
 *   --allow-read=consumer.db,consumer.db-wal,consumer.db-shm \
 *   --allow-write=consumer.db,consumer.db-wal,consumer.db-shm \
 *   examples/consumer.ts
 * ```
 *
 * @module
 */

import { getNumber, getString, openCheckpointer, openStream } from "@triton/triton";

const stop = new AbortController();
Deno.addSignalListener("SIGINT", () => stop.abort());

await using checkpointer = await openCheckpointer("sqlite://consumer.db", { client: "alerts" });
await using stream = openStream("earthquakes_prod", {
  checkpointer,
  // Saves the position of the last processed record: every 100 records, every 5 s, and at the end.
  autoCheckpoint: { every: 100, intervalMs: 5_000 },
  signal: stop.signal,
});
for await (const { data } of stream) {
  const magnitude = getNumber(data, "properties.mag") ?? 0;
  if (magnitude >= 5) console.log(magnitude, getString(data, "properties.place"));
}
