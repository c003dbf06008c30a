/**
 * Runs npm's `kinesalite`, with a stream that already has events, in a separate process.
 *
 * `deno run -A kinesalite.ts STREAM SHARDS RECORDS` prints its URL, and exits when its standard input
 * ends. With records, all shards are closed, as after a split, so a reader reaches their end.
 *
 * @module
 */

import { startKinesalite } from "../../tests/support/kinesalite.ts";
import { makeEvents } from "../support/events.ts";
import { serveWhileWanted } from "./serve.ts";

/** The most records per PutRecords request. */
const PUT_RECORDS = 500;

const stream = Deno.args[0]!;
const [shards, records] = Deno.args.slice(1).map(Number) as [number, number];

const server = await startKinesalite({ shardLimit: 10 * shards });
await server.createStream(stream, shards);
if (records > 0) {
  const ids = [];
  for await (const shard of server.kinesis.listShards(stream)) ids.push(shard.id);
  const events = makeEvents(records);
  for (let at = 0; at < records; at += PUT_RECORDS) {
    const entries = events.slice(at, at + PUT_RECORDS)
      .map((data, n) => ({ partitionKey: `user-${at + n}`, data }));
    const results = await server.kinesis.putRecords(stream, entries);
    if (results.some(({ ok }) => !ok)) throw new Error("Kinesalite rejected a record");
  }
  for (const id of ids) await server.splitShard(stream, id);
}
await serveWhileWanted(server.url);
