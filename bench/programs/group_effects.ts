/**
 * Inserts the records of a stream into a table of PostgreSQL, 500 in a transaction: as a member of a
 * consumer group, by `transact`; by `openStream`, which saves no position; or with the records at hand.
 * Or is an idle member.
 *
 * `deno run -A group_effects.ts ROOT WAY DATABASE KINESIS COUNT` says "begins" and "done".
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import postgres, { type TransactionSql } from "postgres";
import { STREAM } from "../support/archives.ts";
import { makeObjects } from "../support/events.ts";

/** Records of a transaction. */
const BATCH = 500;

const [root, way, database, endpoint, count] = Deno.args as [
  string,
  string,
  string,
  string,
  string,
];

type Data = Readonly<Record<string, unknown>>;

function rowOf({ id, event, created_at, amount }: Data) {
  return { id, event, created_at, amount } as Readonly<Record<string, string | number>>;
}

function insert(tx: TransactionSql, events: readonly Data[]) {
  return tx`insert into sale ${tx(events.map(rowOf))}`;
}

const triton: typeof import("../../mod.ts") = await import(pathToFileURL(`${root}/mod.ts`).href);
const address = { name: STREAM, region: "us-east-1", endpoint };
const credentials = { accessKeyId: "local", secretAccessKey: "local" };

function openMember(signal: AbortSignal) {
  return triton.openGroup(address, { database, client: "bench", credentials, signal });
}

/** Until all shards have ended. */
async function transact(): Promise<void> {
  const stop = new AbortController();
  await using group = await openMember(stop.signal);
  let left = Number(count);
  console.error("begins");
  void (async () => {
    for await (const { type } of group.events) if (type === "ended" && left === 0) stop.abort();
  })();
  await group.transact(async (tx, { records }) => {
    await insert(tx, records.map(({ data }) => data));
    left -= records.length;
  }, { maxRecords: BATCH, concurrency: 1 });
  console.error("done");
}

/** Without a group: effects and positions may differ after a crash. */
async function reader(): Promise<void> {
  const sql = postgres(database, { max: 1, onnotice: () => {} });
  await sql`select 1`;
  await using stream = triton.openStream(address, { credentials });
  console.error("begins");
  let events: Data[] = [];
  let left = Number(count);
  for await (const { data } of stream) {
    events.push(data);
    if (events.length < Math.min(BATCH, left)) continue;
    const batch = events;
    await sql.begin((tx) => insert(tx, batch));
    left -= batch.length;
    events = [];
    if (left === 0) break;
  }
  console.error("done");
  await sql.end();
}

async function alone(): Promise<void> {
  const events = [...makeObjects(Number(count))];
  const sql = postgres(database, { max: 1, onnotice: () => {} });
  await sql`select 1`;
  console.error("begins");
  for (let at = 0; at < events.length; at += BATCH) {
    await sql.begin((tx) => insert(tx, events.slice(at, at + BATCH)));
  }
  console.error("done");
  await sql.end();
}

/** Until SIGTERM. */
async function idle(): Promise<void> {
  const stop = new AbortController();
  Deno.addSignalListener("SIGTERM", () => stop.abort());
  await using group = await openMember(stop.signal);
  void (async () => {
    for await (const { type, shardId } of group.events) console.error(`${type} ${shardId}`);
  })();
  await group.transact(() => {});
}

await { transact, reader, alone, idle }[way as "transact" | "reader" | "alone" | "idle"]();
Deno.exit(0);
