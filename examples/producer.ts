/**
 * A producer: puts JSON lines from standard input into a stream, in batches and in order for each key.
 *
 * ```sh
 * deno run --no-prompt \
 *   --allow-net=kinesis.us-east-1.amazonaws.com:443 \
 *   --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID \
 *   --allow-sys=osRelease \
 *   examples/producer.ts < events.ndjson
 * ```
 *
 * @module
 */

import { createInterface } from "node:readline";
import process from "node:process";
import { openWriter } from "@triton/triton";

// The field "id" of each event picks its shard.
await using writer = openWriter("earthquakes_prod", { partitionKey: "id", ordered: true });
for await (const line of createInterface({ input: process.stdin })) {
  // Waits if Kinesis is slower than the input. Throttled records are retried.
  await writer.putEvent(JSON.parse(line));
}
await writer.flush(); // throws if Kinesis rejected a record permanently
console.log(`${writer.written} events are in ${writer.stream}`);
