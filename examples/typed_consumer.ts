/**
 * A typed consumer as a batch job: reads what the stream holds, ends when it has caught up, and prints
 * the strongest earthquake of each network.
 *
 * ```sh
 * deno run --no-prompt \
 *   --allow-net=kinesis.us-east-1.amazonaws.com:443 \
 *   --allow-env=AWS_*,HOME,HOMEDRIVE,HOMEPATH,USERPROFILE,_X_AMZN_TRACE_ID \
 *   --allow-sys=osRelease \
 *   examples/typed_consumer.ts
 * ```
 *
 * @module
 */

import { openStream } from "@triton/triton";
import * as z from "zod"; // or valibot, arktype: any Standard Schema

const Earthquake = z.object({
  id: z.string(),
  properties: z.object({ mag: z.number(), place: z.string(), net: z.string() }),
});

const strongest = new Map<string, z.infer<typeof Earthquake>>();
await using stream = openStream("earthquakes_prod", {
  schema: Earthquake,
  onInvalid: (error) => console.error(error.message),
  idle: true,
});
for await (const { data } of stream) {
  const { mag, net } = data.properties;
  if (mag > (strongest.get(net)?.properties.mag ?? -Infinity)) strongest.set(net, data);
}
for (const [net, { properties }] of strongest) {
  console.log(`${net}: ${properties.mag}, ${properties.place}`);
}
