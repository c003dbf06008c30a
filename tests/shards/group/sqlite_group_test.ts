import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { openCheckpointer, openLedger } from "@triton/triton/checkpoint";
import { SqliteEffects } from "../../../src/shards/group/effects/sqlite_effects.ts";
import { openGroupDatabase } from "../../../src/shards/group/open_group.ts";
import { TABLES as NAMES } from "../../../src/sql/schema/tables.ts";
import { positions } from "../../checkpoint/contract.ts";
import { EFFECTS } from "./contract_effects.ts";
import { TABLES } from "./contract_table.ts";
import { EXCLUSIONS } from "./contract_exclusion.ts";
import { fence, type GroupPlace, lease, LONG_MS, positionsOf } from "./support.ts";

const OPTIONS = { client: "group", stream: "clicks", leaseMs: LONG_MS };

/** Runs a test with the path of a file of its own. */
async function withFile(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-group-" });
  try {
    await run(join(directory, "triton.db"));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** A file as a place for groups, which open it themselves or get a database that is open. */
function filePlace(path: string, given?: DatabaseSync): GroupPlace & AsyncDisposable {
  const url = `sqlite://${path}`;
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE effect (name TEXT)");
  return {
    open: (options) =>
      openGroupDatabase(given ? { sqlite: given } : url, { ...OPTIONS, ...options }),
    async save(checkpoints) {
      await using checkpointer = await openCheckpointer(url, { client: "group" });
      await checkpointer.save("clicks", positions(checkpoints));
    },
    write(tx, effect) {
      (tx as DatabaseSync).prepare("INSERT INTO effect VALUES (?)").run(effect);
    },
    effects() {
      const rows = database.prepare("SELECT name FROM effect ORDER BY rowid").all();
      return Promise.resolve(rows.map(({ name }) => name as string));
    },
    begin() {
      database.exec("BEGIN IMMEDIATE");
      // deno-lint-ignore require-await -- so that it rejects
      return Promise.resolve({ tx: database, commit: async () => database.exec("COMMIT") });
    },
    [Symbol.asyncDispose]() {
      database.close();
      return Promise.resolve();
    },
  };
}

for (const { name, run } of [...TABLES, ...EFFECTS]) {
  Deno.test(`openGroupDatabase() of a SQLite file: ${name}`, () =>
    withFile(async (path) => {
      await using place = filePlace(path);
      await run(place);
    }));
  Deno.test(`openGroupDatabase() of an open SQLite database: ${name}`, () =>
    withFile(async (path) => {
      using given = new DatabaseSync(path);
      await using place = filePlace(path, given);
      await run(place);
    }));
}

for (const { name, run } of EXCLUSIONS) {
  Deno.test(`openGroupDatabase() of a SQLite file: ${name}`, () =>
    withFile((path) => run(`sqlite://${path}`)));
}

Deno.test("openGroupDatabase() creates the tables that sql/ knows", () =>
  withFile(async (path) => {
    await (await openGroupDatabase(`sqlite://${path}`, OPTIONS))[Symbol.asyncDispose]();
    using database = new DatabaseSync(path);
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    const expected = NAMES.filter((name) => name !== "triton_accepted_gap"); // created by acceptances
    deepStrictEqual(tables.map(({ name }) => name), expected);
    deepStrictEqual(
      database.prepare("SELECT part, version FROM triton_schema").all().map((row) => ({ ...row })),
      [{ part: "ledger", version: 2 }, { part: "group", version: 1 }],
    );
  }));

Deno.test("a group in SQLite refuses the tables of a newer version, also while it is open", () =>
  withFile(async (path) => {
    await using group = await openGroupDatabase(`sqlite://${path}`, OPTIONS);
    using database = new DatabaseSync(path);
    database.exec("UPDATE triton_schema SET version = 2 WHERE part = 'group'");
    await rejects(group.table.renew("a", LONG_MS), { code: "SchemaTooNew", retryable: false });
    await rejects(openGroupDatabase(`sqlite://${path}`, OPTIONS), { code: "SchemaTooNew" });
    await using ledger = await openLedger(`sqlite://${path}`, {
      client: "store",
      stream: "clicks",
    });
    deepStrictEqual(await ledger.shards(), []);
  }));

Deno.test("a group in the memory of SQLite works on the database that it is given", async () => {
  using database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE effect (name TEXT)");
  await using group = await openGroupDatabase({ sqlite: database }, OPTIONS);
  await lease(group.table, 1);
  const outcome = await group.effects.run(
    fence(undefined, "5"),
    (tx) => (tx as DatabaseSync).exec("INSERT INTO effect VALUES ('a')"),
  );
  equal(outcome, "committed");
  equal(database.prepare("SELECT count(*) AS n FROM effect").get()!.n, 1);
});

/** Runs a test with a group that has shard 0, and with its database. */
function withGroup(
  run: (
    group: Awaited<ReturnType<typeof openGroupDatabase>>,
    database: DatabaseSync,
  ) => Promise<void>,
): Promise<void> {
  return withFile(async (path) => {
    using database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 0; CREATE TABLE effect (name TEXT)");
    await using group = await openGroupDatabase({ sqlite: database }, OPTIONS);
    await lease(group.table, 1);
    await run(group, database);
    deepStrictEqual(database.prepare("SELECT * FROM effect").all(), []);
    deepStrictEqual(await positionsOf(group.table), { 0: undefined });
  });
}

const insert = (database: DatabaseSync) => database.exec("INSERT INTO effect VALUES ('a')");

Deno.test("SqliteEffects.run() refuses a handler that returns a promise, and rolls it back", () =>
  withGroup(async ({ effects }, database) => {
    const running = effects.run(fence(undefined, "5"), () => {
      insert(database);
      return Promise.reject(new Error("of no interest"));
    });
    await rejects(running, { name: "TypeError", message: /synchronous$/ });
    equal(database.isTransaction, false);
    const nested = effects.run(fence(undefined, "5"), (tx) => {
      effects.savepoint(tx, () => Promise.resolve(insert(database)));
    });
    await rejects(nested, TypeError);
  }));

Deno.test("SqliteEffects.run() refuses to begin within a transaction of the user's", () =>
  withGroup(async ({ effects }, database) => {
    database.exec("BEGIN");
    await rejects(effects.run(fence(undefined, "5"), () => insert(database)), {
      name: "TypeError",
      message: /is in a transaction that was begun before/,
    });
    equal(database.isTransaction, true);
    database.exec("ROLLBACK");
  }));

Deno.test("SqliteEffects.run() notices a handler that commits by itself", () =>
  withFile(async (path) => {
    using database = new DatabaseSync(path);
    await using group = await openGroupDatabase({ sqlite: database }, OPTIONS);
    await lease(group.table, 1);
    for (const own of ["COMMIT", "COMMIT; BEGIN", "ROLLBACK"]) {
      const running = group.effects.run(fence(undefined, "5"), () => database.exec(own));
      await rejects(running, { name: "CheckpointError", code: "Ended", retryable: false });
      equal(database.isTransaction, false);
    }
    deepStrictEqual(await positionsOf(group.table), { 0: undefined });
  }));

Deno.test("SqliteEffects require WAL", () =>
  withFile(async (path) => {
    using database = new DatabaseSync(path);
    database.exec("PRAGMA journal_mode = DELETE");
    const effects = new SqliteEffects({ client: "group", stream: "clicks", database });
    await rejects(effects.run(fence(undefined, "5"), () => {}), {
      name: "CheckpointError",
      code: "JournalMode",
      retryable: false,
    });
  }));

Deno.test("SqliteEffects.commitIn() refuses what is no transaction, and no database", () =>
  withGroup(async ({ effects }, database) => {
    await rejects(effects.commitIn(database, fence(undefined, "5")), { code: "Refused" });
    await rejects(effects.commitIn({}, fence(undefined, "5")), TypeError);
    using other = new DatabaseSync(":memory:");
    other.exec("CREATE TABLE effect (name TEXT); BEGIN; INSERT INTO effect VALUES ('a')");
    await rejects(effects.commitIn(other, fence(undefined, "5")), {
      code: "Refused",
      message: /no such table/,
    });
    equal(other.isTransaction, false);
  }));

Deno.test("SqliteEffects.savepoint() checks what is deferred", () =>
  withGroup(async ({ effects }, database) => {
    database.exec(`PRAGMA foreign_keys = ON; CREATE TABLE parent (id INTEGER PRIMARY KEY);
      CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)`);
    const running = effects.run(fence(undefined, "5"), (tx) => {
      effects.savepoint(tx, () => database.exec("INSERT INTO child VALUES (1)"));
    });
    await rejects(running, /FOREIGN KEY constraint failed: "child" refers to "parent"/);
    const ordered = await effects.run(fence("4", "5"), (tx) => {
      effects.savepoint(
        tx,
        () => database.exec("INSERT INTO child VALUES (1); INSERT INTO parent VALUES (1)"),
      );
    });
    equal(ordered, "lost");
  }));

Deno.test("SqliteEffects.run() waits for another process that writes, then fails as retryable", () =>
  withFile(async (path) => {
    await using group = await openGroupDatabase(`sqlite://${path}`, OPTIONS);
    await lease(group.table, 1);
    using other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const running = group.effects.run(fence(undefined, "5"), () => {});
    // Were the thread blocked, this would not run before SQLite has given up.
    await new Promise((resolve) => setTimeout(resolve));
    other.exec("COMMIT");
    equal(await running, "committed");
  }));
