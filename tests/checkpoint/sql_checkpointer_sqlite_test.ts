import { deepStrictEqual, equal, match, rejects } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  CheckpointError,
  openCheckpointer,
  type SqliteDatabase,
  type SqliteStatement,
} from "@triton/triton/checkpoint";
import { VirtualClock } from "@triton/triton";
import { CONTRACT, loadAll, positions, shard } from "./contract.ts";
import { GO_TRITON_ROWS, GO_TRITON_TABLE, OLDEST_ROWS, OLDEST_TABLE } from "./go_triton.ts";

/** Runs a test with a directory of its own. */
async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-sqlite-" });
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Makes a database file with other means. */
function write(path: string, ...statements: string[]): void {
  using database = new DisposableDatabase(path);
  for (const sql of statements) database.exec(sql);
}

class DisposableDatabase extends DatabaseSync {
  override [Symbol.dispose](): void {
    if (this.isOpen) this.close();
  }
}

for (const { name, run } of CONTRACT) {
  Deno.test(`openCheckpointer() of a SQLite file: ${name}`, () =>
    inDirectory((directory) =>
      run({
        open: ({ client = "client", clock } = {}) =>
          openCheckpointer(`sqlite://${directory}/triton.db`, { client, clock }),
      })
    ));

  Deno.test(`SqlCheckpointer on SQLite in memory: ${name}`, async () => {
    using database = new DisposableDatabase(":memory:");
    await run({
      open: ({ client = "client", clock } = {}) => openCheckpointer(database, { client, clock }),
    });
  });
}

Deno.test("SqlCheckpointer on SQLite takes over a database of go-triton", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "triton-s3.db");
    write(path, GO_TRITON_TABLE, GO_TRITON_ROWS);
    const clock = new VirtualClock({ now: 1_436_553_600_000 });
    await using checkpointer = await openCheckpointer(`sqlite://${path}`, {
      client: "store",
      clock,
    });
    deepStrictEqual(await checkpointer.list(), [
      {
        client: "store",
        stream: "user_activity_prod",
        shardId: shard(0),
        sequenceNumber: "49545115243490985018280067714973144582180062593244200961",
        updatedAt: new Date(1_436_553_581_000),
      },
      {
        client: "store",
        stream: "user_activity_prod",
        shardId: shard(1),
        sequenceNumber: "7",
        updatedAt: new Date(1_436_553_582_000),
      },
    ]);
    await checkpointer.save("user_activity_prod", positions({ 1: "9" }));
    using database = new DisposableDatabase(path);
    deepStrictEqual(
      database.prepare("SELECT * FROM triton_checkpoint WHERE shard LIKE '%1'").all()
        .map((row) => ({ ...row })),
      [{
        client: "store",
        stream: "user_activity_prod",
        shard: shard(1),
        seq_num: "9",
        updated: 1_436_553_600,
      }],
    );
  }));

Deno.test("SqlCheckpointer on SQLite takes over the oldest database of go-triton", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "triton.db");
    write(path, OLDEST_TABLE, OLDEST_ROWS);
    await using checkpointer = await openCheckpointer(`sqlite://${path}`, { client: "store" });
    deepStrictEqual(await loadAll(checkpointer, "s", 2), ["41", undefined]);
    deepStrictEqual(
      (await checkpointer.list()).map(({ sequenceNumber, updatedAt }) => [
        sequenceNumber,
        updatedAt.getTime(),
      ]),
      [["41", 0]],
    );
    await checkpointer.save("s", positions({ 0: "42", 1: "1" }));
    deepStrictEqual(await loadAll(checkpointer, "s", 2), ["42", "1"]);
  }));

Deno.test("SqlCheckpointer on SQLite creates the table that go-triton creates", () =>
  inDirectory(async (directory) => {
    const columnsOf = (path: string) => {
      using database = new DisposableDatabase(path);
      return database.prepare("SELECT * FROM pragma_table_info('triton_checkpoint')").all();
    };
    const [ours, theirs] = [join(directory, "ours.db"), join(directory, "theirs.db")];
    await (await openCheckpointer(`sqlite://${ours}`, { client: "c" }))[Symbol.asyncDispose]();
    write(theirs, GO_TRITON_TABLE);
    deepStrictEqual(columnsOf(ours), columnsOf(theirs));
  }));

Deno.test("SqlCheckpointer.save() saves all positions or none", async () => {
  using database = new DisposableDatabase(":memory:");
  await using checkpointer = await openCheckpointer(database, { client: "c" });
  await checkpointer.save("s", positions({ 0: "1" }));
  const broken = positions({ 0: "2", 1: null as unknown as string });
  await rejects(checkpointer.save("s", broken), (error: CheckpointError) => {
    match(error.message, /^Cannot save positions of stream "s": NOT NULL constraint failed/);
    return error instanceof CheckpointError && !error.retryable;
  });
  deepStrictEqual(await loadAll(checkpointer, "s", 2), ["1", undefined]);
  await checkpointer.save("s", positions({ 0: "3" })); // the transaction is not left open
});

Deno.test("openCheckpointer() sets a SQLite file to write-ahead logging", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "triton.db");
    await using _ = await openCheckpointer(`sqlite:${path}`, { client: "c" });
    using database = new DisposableDatabase(path);
    equal(database.prepare("PRAGMA journal_mode").get()?.journal_mode, "wal");
  }));

Deno.test("SqlCheckpointer on SQLite fails for now while another process writes", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "triton.db");
    using ours = new DisposableDatabase(path);
    ours.exec("PRAGMA busy_timeout = 0");
    await using checkpointer = await openCheckpointer(ours, { client: "c" });
    using other = new DisposableDatabase(path);
    other.exec("BEGIN IMMEDIATE");
    await rejects(checkpointer.save("s", positions({ 0: "1" })), {
      name: "CheckpointError",
      code: "SQLITE_BUSY",
      retryable: true,
      message: 'Cannot save positions of stream "s": database is locked ' +
        "(another process is writing to it)",
    });
    other.exec("COMMIT");
    await checkpointer.save("s", positions({ 0: "1" }));
    equal(await checkpointer.load("s", shard(0)), "1");
  }));

Deno.test("openCheckpointer() of a SQLite file saves in the order of the calls, also after a wait", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "triton.db");
    const clock = new VirtualClock();
    await using checkpointer = await openCheckpointer(`sqlite://${path}`, { client: "c", clock });
    using other = new DisposableDatabase(path);
    other.exec("BEGIN IMMEDIATE");
    const saves = [checkpointer.save("s", positions({ 0: "1" }))];
    await clock.advance(10);
    other.exec("COMMIT");
    saves.push(checkpointer.save("s", positions({ 0: "2" })));
    await clock.advance(1_000);
    await Promise.all(saves);
    equal(await checkpointer.load("s", shard(0)), "2");
  }));

Deno.test("SqlCheckpointer on SQLite says when the disk is full, and goes on when it no longer is", () =>
  inDirectory(async (directory) => {
    using database = new DisposableDatabase(join(directory, "triton.db"));
    await using checkpointer = await openCheckpointer(database, { client: "c" });
    await checkpointer.save("s", positions({ 0: "1" }));
    database.exec("PRAGMA max_page_count = 4"); // SQLite's own stand-in for a full disk
    const many = new Map(Array.from({ length: 1000 }, (_, n) => [shard(n), "2" as never]));
    await rejects(checkpointer.save("s", many), {
      code: "SQLITE_FULL",
      retryable: true,
      message: 'Cannot save positions of stream "s": database or disk is full ' +
        "(make room on the disk)",
    });
    deepStrictEqual(await loadAll(checkpointer, "s", 2), ["1", undefined]);
    database.exec("PRAGMA max_page_count = 100000");
    await checkpointer.save("s", many);
    equal((await checkpointer.list()).length, 1000);
  }));

Deno.test("SqlCheckpointer on SQLite reads a read-only database, and says why it cannot save", () =>
  inDirectory(async (directory) => {
    const path = join(directory, "triton.db");
    write(path, GO_TRITON_TABLE, GO_TRITON_ROWS);
    using database = new DisposableDatabase(path, { readOnly: true });
    await using checkpointer = await openCheckpointer(database, { client: "store" });
    equal(await checkpointer.load("user_activity_prod", shard(1)), "7");
    await rejects(checkpointer.save("s", positions({ 0: "1" })), {
      code: "SQLITE_READONLY",
      retryable: false,
      message: 'Cannot save positions of stream "s": attempt to write a readonly database ' +
        "(make the file and its directory writable for this user)",
    });
  }));

Deno.test("openCheckpointer() says why a SQLite file cannot be opened", () =>
  inDirectory(async (directory) => {
    const text = join(directory, "notes.txt");
    await Deno.writeTextFile(text, "This is a text, and it is no database. ".repeat(100));
    await rejects(openCheckpointer(`sqlite://${text}`, { client: "c" }), {
      name: "CheckpointError",
      code: "SQLITE_NOTADB",
      retryable: false,
      message: `Cannot open the checkpoint database "${text}": file is not a database ` +
        "(name another file, or remove this one)",
    });
    equal((await Deno.stat(text)).size, 3900); // and it was left as it is
    for (const path of [join(directory, "none", "triton.db"), directory]) {
      await rejects(openCheckpointer(`sqlite://${path}`, { client: "c" }), (error: Error) => {
        match(error.message, /unable to open database file.*\(its directory must exist, and both/);
        return (error as CheckpointError).code === "SQLITE_CANTOPEN";
      });
    }
  }));

Deno.test("openCheckpointer() of a SQLite file is closed when it is disposed of", () =>
  inDirectory(async (directory) => {
    const url = `sqlite://${directory}/triton.db`;
    const checkpointer = await openCheckpointer(url, { client: "c" });
    await checkpointer[Symbol.asyncDispose]();
    await rejects(checkpointer.save("s", positions({ 0: "1" })), {
      name: "CheckpointError",
      code: "Closed",
      retryable: false,
    });
    await rejects(checkpointer.list(), { code: "Closed" });
  }));

/** A database of the shape that `@db/sqlite` has, over the one there is. */
class DbSqliteDatabase implements SqliteDatabase {
  readonly #inner = new DatabaseSync(":memory:");

  exec(sql: string): number {
    this.#inner.exec(sql);
    return 0; // the number of changes
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#inner.prepare(sql);
    const plain = (row: unknown) => row === undefined ? undefined : { ...(row as object) };
    return {
      all: (...values) => statement.all(...values).map(plain),
    };
  }
}

Deno.test("SqlCheckpointer on SQLite takes a database of the shape of @db/sqlite", async () => {
  const database = new DbSqliteDatabase();
  await using checkpointer = await openCheckpointer(database, { client: "c" });
  await checkpointer.save("s", positions({ 0: "1", 1: "2" }));
  deepStrictEqual(await loadAll(checkpointer, "s", 3), ["1", "2", undefined]);
  equal((await checkpointer.list("s")).length, 2);
});

Deno.test("SqlCheckpointer on SQLite knows the errors of Node and of @db/sqlite by their numbers", async () => {
  for (const fields of [{ errcode: 5 }, { errcode: 517 }, { code: 5 }]) {
    const error = Object.assign(new Error("some words of its own"), fields);
    const database: SqliteDatabase = {
      exec: () => undefined,
      prepare: () => {
        throw error;
      },
    };
    await rejects(openCheckpointer(database, { client: "c" }), {
      code: "SQLITE_BUSY",
      retryable: true,
      cause: error,
    });
  }
});
