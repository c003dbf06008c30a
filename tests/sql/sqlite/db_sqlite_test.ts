import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import {
  openCheckpointer,
  openLedger,
  readLedger,
  setPositions,
  type SqliteDatabase,
} from "@triton/triton/checkpoint";
import { CONTRACT, loadAll, positions, shard } from "../../checkpoint/contract.ts";
import { Database } from "./db_sqlite.ts";
import { LEDGER_CONTRACT, placeIn } from "../../ledger/contract.ts";
import { newShard } from "../../ledger/support.ts";

const OPTIONS = { client: "store", stream: "clicks" };

/** Runs a test with a database that is closed, and found without open statements, in the end. */
async function withDatabase(run: (database: Database) => Promise<void>): Promise<void> {
  const database = new Database(":memory:");
  try {
    await run(database);
    deepStrictEqual([...database.statements].map(({ sql }) => sql), []);
    equal(database.open, true);
  } finally {
    database.close();
  }
}

Deno.test("a database of @db/sqlite cuts integers off, unless it is told not to", () =>
  withDatabase((database) => {
    const statement = database.prepare("SELECT 1795411448000 AS ms");
    deepStrictEqual(statement.all(), [{ ms: 115_118_272 }]);
    deepStrictEqual(statement.enableInt64().get(), { ms: 1_795_411_448_000 });
    statement.finalize();
    return Promise.resolve();
  }));

for (const { name, run } of CONTRACT) {
  Deno.test(`openCheckpointer() of a database of @db/sqlite: ${name}`, () =>
    withDatabase((database) =>
      run({
        open: ({ client = "client", clock } = {}) => openCheckpointer(database, { client, clock }),
      })
    ));
}

for (const { name, run } of LEDGER_CONTRACT) {
  Deno.test(`openLedger() of a database of @db/sqlite: ${name}`, () =>
    withDatabase((database) => run(placeIn(database))));
}

Deno.test("readLedger() and setPositions() take a database of @db/sqlite", () =>
  withDatabase(async (database) => {
    deepStrictEqual(await readLedger(database), {
      checkpoints: [],
      gaps: [],
      groups: [],
      moves: [],
      shards: [],
    });
    const options = { client: "billing", stream: "clicks" };
    await setPositions(database, positions({ 0: "5" }), options);
    await using checkpointer = await openCheckpointer(database, { client: "billing" });
    deepStrictEqual(await loadAll(checkpointer, "clicks", 1), ["5"]);
    await using ledger = await openLedger(database, OPTIONS);
    await ledger.addShards([newShard(0)]);
    await ledger.acquire(shard(0), "w", 60_000);
    const { shards: [held] } = await readLedger(database, OPTIONS);
    const rest = held!.leasedUntil!.getTime() - Date.now();
    equal(rest > 0 && rest <= 60_000, true);
  }));

Deno.test("errors of a database of @db/sqlite are CheckpointErrors, retryable where it is busy", async () => {
  const directory = await Deno.makeTempDir({ prefix: "triton-db-sqlite-" });
  try {
    const path = join(directory, "triton.db");
    const [one, other] = [new Database(path), new Database(path)];
    await using checkpointer = await openCheckpointer(one, { client: "billing" });
    one.exec("PRAGMA busy_timeout = 0"); // node:sqlite, below, has one
    other.exec("BEGIN IMMEDIATE");
    const save = () => checkpointer.save("clicks", positions({ 0: "5" }));
    await rejects(save(), { name: "CheckpointError", code: "SQLITE_BUSY", retryable: true });
    other.exec("COMMIT");
    await save();
    one.close();
    other.close();
    await rejects(save(), { name: "CheckpointError", retryable: false });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("openCheckpointer() of an open database refuses a client without a name", async () => {
  const database: SqliteDatabase = new Database(":memory:");
  await rejects(openCheckpointer(database, { client: "" }), RangeError);
  await rejects(openLedger(database, { ...OPTIONS, client: "" }), RangeError);
});
