import { deepEqual, equal, ok } from "node:assert/strict";
import { parseConfig } from "../../src/config/mod.ts";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { encodeEvent } from "../../src/codec/mod.ts";
import type { PutEntry } from "../../src/kinesis/mod.ts";
import type { ShardId, StreamRecord } from "../../src/base/record.ts";
import {
  openStream,
  type OpenStreamOptions,
  openWriter,
  StreamWriter,
} from "../../src/stream/mod.ts";
import { aggregate } from "../support/kpl.ts";
import { startKinesalite } from "../support/kinesalite.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import { LOCAL_CREDENTIALS, LOCAL_REGION, type LocalKinesis } from "../support/local_kinesis.ts";

const KEYS = 25;

/** Events `{ key, n }` of 25 keys, counted up over all. */
function events(from: number, to: number): PutEntry[] {
  return Array.from({ length: to - from }, (_, i) => {
    const [n, key] = [from + i, `key ${(from + i) % KEYS}`];
    return { partitionKey: key, data: encodeEvent({ key, n }) };
  });
}

async function write(server: LocalKinesis, entries: readonly PutEntry[]): Promise<void> {
  await using writer = new StreamWriter(server.kinesis, "clicks");
  for (const entry of entries) await writer.put(entry);
}

function open(server: LocalKinesis, options: OpenStreamOptions = {}) {
  const address = { name: "clicks", region: LOCAL_REGION, endpoint: server.url };
  return openStream(address, { credentials: LOCAL_CREDENTIALS, pollIntervalMs: 20, ...options });
}

/** Reads so many records; `at` is called when there are so many. */
async function take(
  reader: AsyncIterable<StreamRecord>,
  count: number,
  at: Readonly<Record<number, () => Promise<void>>> = {},
): Promise<StreamRecord[]> {
  const records: StreamRecord[] = [];
  for await (const record of reader) {
    records.push(record);
    await at[records.length]?.();
    if (records.length === count) break;
  }
  return records;
}

/** Asserts that every event from 0 up is there once, and those of each key in order. */
function assertAll(records: readonly StreamRecord[], count: number): void {
  const numbers = records.map(({ data }) => data["n"] as number);
  deepEqual([...numbers].sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i));
  for (const own of Map.groupBy(records, ({ partitionKey }) => partitionKey).values()) {
    const order = own.map(({ data }) => data["n"] as number);
    deepEqual(order, [...order].sort((a, b) => a - b));
    ok(own.every(({ data, partitionKey }) => data["key"] === partitionKey));
  }
}

Deno.test("openStream() reads from kinesalite what StreamWriter wrote, on from the checkpoint", async () => {
  await using server = await startKinesalite();
  await server.createStream("clicks", 4);
  await using checkpointer = new MemoryCheckpointer();
  await write(server, events(0, 2_000));
  const records: StreamRecord[] = [];
  {
    await using reader = open(server, { checkpointer });
    records.push(...await take(reader, 1_234));
    await reader.checkpoint();
  }
  await write(server, events(2_000, 3_000));
  await using reader = open(server, { checkpointer });
  records.push(...await take(reader, 3_000 - 1_234));
  assertAll(records, 3_000);
});

Deno.test("openWriter() puts events into kinesalite, without anybody flushing", async () => {
  await using server = await startKinesalite();
  await server.createStream("clicks", 2);
  const config = parseConfig(
    `c: { name: clicks, partition_key: key, region: ${LOCAL_REGION}, endpoint: "${server.url}" }`,
  );
  await using writer = openWriter(config.stream("c"), {
    credentials: LOCAL_CREDENTIALS,
    maxDelayMs: 10,
  });
  await using reader = open(server);
  for (let n = 0; n < 300; n++) await writer.putEvent({ key: `key ${n % KEYS}`, n });
  assertAll(await take(reader, 300), 300);
  await writer.flush();
  equal(writer.written, 300);
});

Deno.test("openStream() takes apart what Amazon's library has aggregated", async () => {
  await using server = await startKinesalite();
  await server.createStream("clicks", 2);
  const entries = events(0, 200);
  const packed = Array.from(
    { length: 10 },
    (_, i) => aggregate(entries.slice(i * 20, i * 20 + 20)),
  );
  await write(server, packed.map((data) => ({ partitionKey: "outer", data })));
  await using reader = open(server);
  assertAll(await take(reader, 200), 200);
});

Deno.test("openStream() at the latest reads from kinesalite only what comes", async () => {
  await using server = await startKinesalite();
  await server.createStream("clicks", 2);
  await write(server, events(0, 50));
  const stop = new AbortController();
  await using reader = open(server, { from: "latest", signal: stop.signal });
  const pending = take(reader, 10);
  // Known once every shard has been asked: what is put from now on comes after "latest".
  while (reader.millisBehindLatest === undefined) await new Promise((next) => setTimeout(next, 5));
  await write(server, events(50, 60));
  const numbers = (await pending).map(({ data }) => data["n"] as number);
  deepEqual(numbers.sort(), [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
  const rest = Array.fromAsync(reader);
  stop.abort();
  deepEqual(await rest, []);
});

Deno.test("openStream() follows splits and merges on kinesis-local while they happen", async () => {
  await using server = await startKinesisLocal();
  await server.createStream("clicks", 1);
  await write(server, events(0, 500));
  const id = (index: number) => `shardId-${String(index).padStart(12, "0")}` as ShardId;
  await using reader = open(server, { limit: 100 });
  const records = await take(reader, 1_500, {
    200: async () => {
      await server.splitShard("clicks", id(0));
      await write(server, events(500, 1_000));
    },
    800: async () => {
      await server.mergeShards("clicks", id(1), id(2));
      await write(server, events(1_000, 1_500));
    },
  });
  assertAll(records, 1_500);
  deepEqual(
    [...new Set(records.map(({ shardId }) => shardId))].sort(),
    [id(0), id(1), id(2), id(3)],
  );
});

Deno.test("openStream() follows a split on kinesis-local that happened while it was stopped", async () => {
  await using server = await startKinesisLocal();
  await server.createStream("clicks", 2);
  await using checkpointer = new MemoryCheckpointer();
  await write(server, events(0, 100));
  const records: StreamRecord[] = [];
  {
    // Neither shard has 90 of the 100 records, so both get a checkpoint.
    await using reader = open(server, { checkpointer });
    records.push(...await take(reader, 90));
    await reader.checkpoint();
  }
  await server.splitShard("clicks", "shardId-000000000000" as ShardId);
  await write(server, events(100, 300));
  // At the latest would lose what the children got while nobody read.
  await using reader = open(server, { checkpointer, from: "latest" });
  records.push(...await take(reader, 210));
  assertAll(records, 300);
});
