/**
 * A member of a consumer group, in a process of its own. Its argument is a {@linkcode GroupJob}.
 *
 * @module
 */

import type { DatabaseSync } from "node:sqlite";
import { openGroup } from "@triton/triton";
import { LOCAL_CREDENTIALS, LOCAL_REGION } from "../support/local_kinesis.ts";

/** What a member does, and where. */
export interface GroupJob {
  readonly mode: "loop" | "transact" | "transactSqlite";
  readonly stream: string;
  /** URL of Kinesis. */
  readonly kinesis: string;
  /** URL of the database, which has a table `effect` for transactions. */
  readonly database: string;
  readonly leaseMs: number;
}

const { mode, stream, kinesis, database, leaseMs } = JSON.parse(Deno.args[0]!) as GroupJob;
const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

await using group = await openGroup({ name: stream, region: LOCAL_REGION, endpoint: kinesis }, {
  ...{ database, client: "effects", leaseMs, drainMs: 2_000, signal: stop.signal },
  ...{ pollIntervalMs: 250, credentials: LOCAL_CREDENTIALS },
});
void (async () => {
  for await (const { type, shardId } of group.events) {
    console.log(JSON.stringify({ type, shardId }));
  }
})();
if (mode === "loop") {
  for await (const { shardId, data: { n } } of group) {
    console.log(JSON.stringify({ n, shardId }));
    await pause(2);
  }
} else if (mode === "transact") {
  await group.transact(async (tx, { records, shardId }) => {
    const rows = records.map(({ data: { n } }) => ({ n: n as number, shard: shardId }));
    await tx`insert into effect ${tx(rows)}`;
    await pause(30); // so that many are paused and killed here
  }, { maxRecords: 40 });
} else {
  await group.transactSqlite((database: DatabaseSync, { records, shardId }) => {
    const insert = database.prepare("INSERT INTO effect (n, shard) VALUES (?, ?)");
    for (const { data: { n } } of records) insert.run(n as number, shardId);
  }, { maxRecords: 40 });
}
