/**
 * Runs npm's `kinesalite` with many streams in which little arrives, in a separate process.
 *
 * `deno run -A kinesalite_streams.ts SHARDS STREAM…` prints its URL, puts an event to each of the
 * streams every second, and exits when its standard input ends.
 *
 * @module
 */

import { startKinesalite } from "../../tests/support/kinesalite.ts";
import { makeEvents } from "../support/events.ts";
import { serveWhileWanted } from "./serve.ts";

const shards = Number(Deno.args[0]);
const streams = Deno.args.slice(1);

const server = await startKinesalite({ shardLimit: shards * streams.length });
await Promise.all(streams.map((stream) => server.createStream(stream, shards)));

const events = makeEvents(100);
let count = 0;
setInterval(async () => {
  for (const stream of streams) {
    const data = events[count++ % events.length]!;
    await server.kinesis.putRecords(stream, [{ partitionKey: `user-${count}`, data }]);
  }
}, 1_000);
await serveWhileWanted(server.url);
