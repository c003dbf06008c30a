import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openCheckpointer, openLedger } from "@triton/triton/checkpoint";
import { VirtualClock } from "@triton/triton";
import { shard } from "../checkpoint/contract.ts";
import {
  GO_TRITON_ROWS,
  GO_TRITON_TABLE,
  OLDEST_ROWS,
  OLDEST_TABLE,
} from "../checkpoint/go_triton.ts";
import { LEDGER_CONTRACT, placeIn } from "./contract.ts";
import { START_ROW } from "../../src/checkpoint/rows.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { SqlLedger } from "../../src/ledger/sql_ledger.ts";
import { TABLES } from "../../src/sql/schema/tables.ts";
import { SqliteBackend } from "../../src/sql/sqlite/backend.ts";
import {
  at,
  checkpointsOf,
  intent,
  keepsConsumersOut,
  lease,
  LONG_MS,
  newShard,
  noticesAnotherSchema,
  range,
  takesOverVersion1,
  TO_VERSION_1,
} from "./support.ts";

const OPTIONS = { client: "store", stream: "clicks" };

/** Runs a test with the path of a file of its own. */
async function withFile(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-ledger-" });
  try {
    await run(join(directory, "triton.db"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs statements by other means, and returns the rows of the last one. */
function query(path: string, ...statements: string[]): Record<string, unknown>[] {
  const database = new DatabaseSync(path);
  try {
    for (const statement of statements.slice(0, -1)) database.exec(statement);
    return database.prepare(statements.at(-1)!).all().map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

for (const { name, run } of LEDGER_CONTRACT) {
  Deno.test(`openLedger() of a SQLite file: ${name}`, () =>
    withFile((path) => run(placeIn(`sqlite://${path}`))));
}

Deno.test("openLedger() creates the tables that sql/ knows", () =>
  withFile(async (path) => {
    await (await openLedger(`sqlite://${path}`, OPTIONS))[Symbol.asyncDispose]();
    const tables = query(path, "SELECT name FROM sqlite_master WHERE type = 'table'");
    const names = tables.map(({ name }) => name);
    const ofOthers = /^triton_(?:group|accepted_gap)/; // created by the first group or acceptance
    deepStrictEqual(names, TABLES.filter((name) => !ofOthers.test(name)));
  }));

Deno.test("SqlCheckpointer.save() refuses a consumer under an archiver's name", () =>
  withFile((path) => keepsConsumersOut(`sqlite://${path}`)));

Deno.test("openLedger() of a SQLite file lets a lease expire by the clock that it is given", () =>
  withFile(async (path) => {
    const clock = new VirtualClock({ now: Date.UTC(2026, 0, 1, 0, 0, 0, 500) });
    const options = { ...OPTIONS, clock };
    await using one = await openLedger(`sqlite://${path}`, options);
    await using two = await openLedger(`sqlite://${path}`, options);
    await lease(one, "a", 1);
    await clock.advance(LONG_MS - 1);
    equal(await two.acquire(shard(0), "b", 10), undefined);
    await clock.advance(1);
    equal(await two.acquire(shard(0), "b", 10), 2);
    await two.confirm(shard(0), 2, undefined);
    equal((await two.position(shard(0))).knownAt.getTime(), clock.now());
    await two.reposition(shard(0), 2, { checkpoint: at("1") });
    equal((await two.position(shard(0))).knownAt.toJSON(), "2026-01-01T01:00:00.000Z");
  }));

Deno.test("openLedger() of a SQLite file takes over a database of go-triton", () =>
  withFile(async (path) => {
    query(path, GO_TRITON_TABLE, GO_TRITON_ROWS);
    const options = { client: "store", stream: "user_activity_prod" };
    await using ledger = await openLedger(`sqlite://${path}`, options);
    await lease(ledger, "a", 2);
    equal((await ledger.position(shard(1))).knownAt.getTime(), 1_436_553_582_000);
    deepStrictEqual(await ledger.intend(intent("i", range(1, 1, "7", "9"))), [shard(1)]);
    equal(await ledger.commit("i"), "done");
    const rows = query(
      path,
      "SELECT client, seq_num, updated > 1436553583 AS now FROM triton_checkpoint WHERE shard LIKE '%1'",
    );
    deepStrictEqual(rows, [{ client: "store", seq_num: "9", now: 1 }]);
  }));

Deno.test("openLedger() of a SQLite file takes over the oldest database of go-triton", () =>
  withFile(async (path) => {
    query(path, OLDEST_TABLE, OLDEST_ROWS);
    await using ledger = await openLedger(`sqlite://${path}`, { client: "store", stream: "s" });
    await lease(ledger, "a", 2);
    const both = intent("i", range(0, 1, "41", "42"), range(1, 1, undefined, "5"));
    deepStrictEqual(await ledger.intend(both), [shard(0), shard(1)]);
    equal(await ledger.commit("i"), "done"); // into a row without a position
    deepStrictEqual(await checkpointsOf(ledger), { 0: "42", 1: "5" });
  }));

Deno.test("openLedger() of a SQLite file takes over the tables of version 1", () =>
  withFile(async (path) => {
    const open = () => openLedger(`sqlite://${path}`, OPTIONS);
    const ledger = await open();
    await lease(ledger, "a", 1);
    await ledger.intend(intent("i", range(0, 1, undefined, "5")));
    await ledger.commit("i");
    await ledger.intend(intent("j", range(0, 1, "5", "6")));
    await ledger[Symbol.asyncDispose]();
    query(path, ...TO_VERSION_1, "SELECT 1");
    await takesOverVersion1(open);
  }));

Deno.test("openLedger() of a SQLite file refuses the tables of a newer version", () =>
  withFile(async (path) => {
    await (await openLedger(`sqlite://${path}`, OPTIONS))[Symbol.asyncDispose]();
    deepStrictEqual(query(path, "SELECT part, version FROM triton_schema"), [
      { part: "ledger", version: 2 },
    ]);
    query(path, "UPDATE triton_schema SET version = 3", "SELECT 1");
    await rejects(openLedger(`sqlite://${path}`, OPTIONS), {
      name: "CheckpointError",
      code: "SchemaTooNew",
      retryable: false,
      message: "Cannot use the checkpoint database: a newer Triton has changed its tables (to " +
        "version 3; this one knows 2); use that Triton, or a later one",
    });
  }));

Deno.test("SqlLedger on a SQLite file notices a schema that is raised under it", () =>
  withFile(async (path) => {
    await using ledger = await openLedger(`sqlite://${path}`, OPTIONS);
    await noticesAnotherSchema(
      ledger,
      (version) => query(path, `UPDATE triton_schema SET version = ${version}`, "SELECT 1"),
    );
  }));

Deno.test("SqlLedger reads while another process writes, and writes when that is done", () =>
  withFile(async (path) => {
    await (await openLedger(`sqlite://${path}`, OPTIONS))[Symbol.asyncDispose]();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 0"); // openLedger() waits for seconds
    const onDispose = () => database.close();
    await using ledger = await SqlLedger.open(new SqliteBackend(database, { onDispose }), OPTIONS);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    other.exec("DELETE FROM triton_shard");
    deepStrictEqual(await ledger.shards(), []);
    await rejects(ledger.addShards([newShard(0)]), {
      name: "CheckpointError",
      code: "SQLITE_BUSY",
      retryable: true,
      message: /^Cannot add shards of stream "clicks": database is locked/,
    });
    other.exec("COMMIT");
    other.close();
    await ledger.addShards([newShard(0)]);
    equal((await ledger.shards()).length, 1);
  }));

Deno.test("a ledger waits for another process that writes, and other work goes on meanwhile", () =>
  withFile(async (path) => {
    await using ledger = await openLedger(`sqlite://${path}`, OPTIONS);
    using other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const added = ledger.addShards([newShard(0)]);
    // Were the thread blocked, this would not run before SQLite has given up.
    await new Promise((resolve) => setTimeout(resolve));
    other.exec("COMMIT");
    await added;
    equal((await ledger.shards()).length, 1);
  }));

Deno.test("a ledger whose SQLite file is deleted or replaced does not go on in what is gone", () =>
  withFile(async (path) => {
    await using ledger = await openLedger(`sqlite://${path}`, OPTIONS);
    await ledger.addShards([newShard(0)]);
    const moved = {
      name: "CheckpointError",
      code: "SQLITE_MOVED",
      retryable: false,
      message: `Cannot continue in the checkpoint database "${path}": its file was deleted or ` +
        "replaced; stop all workers before they start again",
    };
    for (const suffix of ["", "-wal", "-shm"]) await Deno.remove(path + suffix);
    await rejects(ledger.renew("worker-1", LONG_MS), moved);
    await using another = await openLedger(`sqlite://${path}`, OPTIONS);
    await another.addShards([newShard(0)]);
    await rejects(ledger.addShards([newShard(1)]), moved);
    equal((await another.shards()).length, 1);
  }));

Deno.test("SqliteBackend waits for another process no longer than it is told to", () =>
  withFile(async (path) => {
    await (await openLedger(`sqlite://${path}`, OPTIONS))[Symbol.asyncDispose]();
    using database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 0");
    const clock = new VirtualClock();
    const ledger = await SqlLedger.open(
      new SqliteBackend(database, { clock, busyMs: 1_000 }),
      OPTIONS,
    );
    using other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    let waiting = true;
    const added = ledger.addShards([newShard(0)]).finally(() => waiting = false);
    const refused = rejects(added, { name: "CheckpointError", code: "SQLITE_BUSY" });
    await clock.advance(900);
    equal(waiting, true);
    await clock.advance(200);
    await refused;
    other.exec("ROLLBACK");
  }));

Deno.test("openLedger() refuses what names no database, and a client without a name", async () => {
  await rejects(openLedger("mysql://localhost", OPTIONS), { code: "InvalidUrl" });
  await rejects(openLedger("sqlite:///no/such/directory/t.db", OPTIONS), {
    code: "SQLITE_CANTOPEN",
  });
  await rejects(openLedger("memory:", { ...OPTIONS, client: "" }), RangeError);
});

Deno.test("the ledger does not take the start that a reader writes down for an archived shard", () =>
  withFile(async (path) => {
    const url = `sqlite://${path}`;
    await using checkpointer = await openCheckpointer(url, { client: "store" });
    await checkpointer.save("clicks", new Map([[START_ROW, "1796032578000" as SequenceNumber]]));
    await using ledger = await openLedger(url, OPTIONS);
    await ledger.useStore("s3://one");
    await ledger.useStore("s3://two");
    equal(await ledger.store(), "s3://two");
    deepStrictEqual(await ledger.checkpoints(), new Map());
    deepStrictEqual(await ledger.moveStore("s3://three"), []);
  }));
