import { deepStrictEqual, rejects } from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openCheckpointer, openLedger, readLedger, setPositions } from "@triton/triton/checkpoint";
import { startPostgres } from "../support/postgres.ts";
import { loadAll, positions, shard } from "../checkpoint/contract.ts";
import { newShard } from "./support.ts";
import { query } from "../sql/postgres/support.ts";

const OPTIONS = { client: "billing", stream: "clicks" };

async function withUrl(run: (url: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-set-" });
  try {
    await run(`sqlite://${join(directory, "triton.db")}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function movesConsumer(url: string): Promise<void> {
  {
    await using checkpointer = await openCheckpointer(url, { client: "billing" });
    await checkpointer.save("clicks", positions({ 0: "5", 1: "6" }));
    await checkpointer.save("views", positions({ 0: "5" }));
  }
  const to = positions({ 0: "3", 1: "6", 2: "9" });
  const moves = [
    { shardId: shard(0), from: "5", to: "3" },
    { shardId: shard(2), from: undefined, to: "9" },
  ];
  deepStrictEqual(await setPositions(url, to, { ...OPTIONS, dryRun: true }), moves);
  await using checkpointer = await openCheckpointer(url, { client: "billing" });
  deepStrictEqual(await loadAll(checkpointer, "clicks", 3), ["5", "6", undefined]);
  deepStrictEqual(await setPositions(url, to, OPTIONS), moves);
  deepStrictEqual(await loadAll(checkpointer, "clicks", 3), ["3", "6", "9"]);
  deepStrictEqual(await loadAll(checkpointer, "views", 1), ["5"]);
  deepStrictEqual(await setPositions(url, to, OPTIONS), []);
}

/** Another client's archiver on the same database does not matter; the client's own does. */
async function tellsArchiversApart(url: string): Promise<void> {
  {
    await using ledger = await openLedger(url, { client: "store", stream: "clicks" });
    await ledger.addShards([newShard(0)]);
    await ledger.acquire(shard(0), "w", 60_000);
  }
  await setPositions(url, positions({ 0: "3" }), OPTIONS);
  await rejects(setPositions(url, positions({ 0: "3" }), { ...OPTIONS, client: "store" }), {
    name: "CheckpointError",
    code: "Leased",
  });
  const { shards } = await readLedger(url, { client: "store" });
  deepStrictEqual(
    shards.map(({ client, stream, shardId, owner, leasedUntil }) => [
      ...[client, stream, shardId, owner],
      leasedUntil! > new Date(),
    ]),
    [["store", "clicks", shard(0), "w", true]],
  );
  deepStrictEqual((await readLedger(url, { client: "billing" })).shards, []);
}

Deno.test("setPositions() moves a consumer's positions in SQLite, backwards too", () =>
  withUrl(movesConsumer));

Deno.test("setPositions() moves an archiver's positions in SQLite only while no worker is alive", () =>
  withUrl(tellsArchiversApart));

Deno.test("setPositions() moves positions in PostgreSQL alike", async () => {
  await using server = await startPostgres();
  const url = await server.createDatabase();
  await query(url, "CREATE TABLE other (id INT)");
  await movesConsumer(url);
  deepStrictEqual(await query(url, "SELECT 1 FROM pg_tables WHERE tablename = 'triton_shard'"), []);
  await tellsArchiversApart(await server.createDatabase());
});

Deno.test("setPositions() refuses what is no position, and a database that is not there", () =>
  withUrl(async (url) => {
    for (const text of ["", "LATEST", "-1", "007", "1".repeat(129)]) {
      await rejects(setPositions(url, positions({ 0: text }), OPTIONS), {
        name: "CheckpointError",
        code: "InvalidPosition",
      });
    }
    await rejects(setPositions(url, positions({ 0: "1" }), OPTIONS), { code: "SQLITE_CANTOPEN" });
    deepStrictEqual(existsSync(url.slice("sqlite://".length)), false);
  }));
