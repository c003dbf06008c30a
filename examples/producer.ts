/**
 * A producer: puts JSON lines from standard input into a stream, in batches, and in order for each key.
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
import { openKinesis, StreamWriter } from "@triton/triton";
import { encodeEvent } from "@triton/triton/codec";

await using kinesis = await openKinesis();
await using writer = new StreamWriter(kinesis, "earthquakes_prod");
for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  // Waits when Kinesis is slower than the input; what is throttled is sent again.
  await writer.put({ partitionKey: event.id, data: encodeEvent(event) });
}
await writer.flush(); // throws if a record was refused for good
console.log(`${writer.written} events are in ${writer.stream}`);
