import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import postgres, { type Sql, type TransactionSql } from "postgres";
import { CheckpointError } from "@triton/triton/checkpoint";
import type { GroupDatabase } from "../../../src/shards/group/open_group.ts";
import { isPassing } from "../../../src/shards/group/passing.ts";
import { startPostgres } from "../../support/postgres.ts";
import { EFFECT, openLeased } from "./postgres_support.ts";
import { fence, LONG_MS, positionsOf } from "./support.ts";

/** A group with shard 0, and a connection of the test's own. */
interface Scene {
  readonly group: GroupDatabase;
  readonly sql: Sql;
  readonly url: string;
  /** Runs a handler in the transaction that moves shard 0 to 5. */
  run(
    handler: (tx: TransactionSql) => unknown,
    options?: Parameters<GroupDatabase["effects"]["run"]>[2],
  ): Promise<string>;
  /** Expects that nothing was committed, and that another attempt is. */
  isUntouched(): Promise<void>;
}

/** What a transaction keeps from its handler, one test each; each gets an empty database. */
const TESTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async "gives handlers what npm:postgres gives"({ run, sql }) {
    const outcome = await run(async (tx) => {
      await tx`CREATE TABLE sale (id INT, tags TEXT[], data JSONB)`;
      const rows = [{ id: 1, tags: ["a", "b"], data: tx.json({ n: 1 }) }];
      await tx`INSERT INTO sale ${tx(rows as never)}`;
      await tx`INSERT INTO sale (id, tags) VALUES (2, ${tx.array(["c"])})`;
      const where = tx`WHERE id = ${2}`;
      const [found] = await tx`SELECT id, tags FROM ${tx("sale")} ${where}`;
      deepStrictEqual({ ...found }, { id: 2, tags: ["c"] });
      const notes = await tx.savepoint("mine", (part) => part`SELECT 7 AS n`);
      equal(notes[0]?.n, 7);
      equal((await tx.unsafe("SELECT $1::int AS n", [8]))[0]?.n, 8);
      await tx.notify("channel", "text");
      equal("begin" in tx && tx.begin, undefined);
      return [tx`SELECT 1`, tx`INSERT INTO sale (id) VALUES (3)`];
    });
    equal(outcome, "committed");
    deepStrictEqual([...await sql`SELECT id, tags, data FROM sale ORDER BY id`], [
      { id: 1, tags: ["a", "b"], data: { n: 1 } },
      { id: 2, tags: ["c"], data: null },
      { id: 3, tags: null, data: null },
    ]);
  },

  async "commits nothing if a statement failed, even if the handler went on"({ run, isUntouched }) {
    const swallowing = run(async (tx) => {
      await write(tx, "a");
      await tx`SELECT 1 / 0`.catch(() => {});
    });
    await rejects(swallowing, { code: "22012" });
    await isUntouched();
  },

  async "commits nothing if a statement fails that the handler does not wait for"(
    { run, isUntouched },
  ) {
    const careless = run((tx) => {
      tx`SELECT 1 / 0`.execute();
    });
    await rejects(careless, { code: "22012" });
    await isUntouched();
  },

  async "undoes a savepoint alone, and goes on"({ run, sql }) {
    const outcome = await run(async (tx) => {
      await write(tx, "kept");
      await rejects(
        tx.savepoint(async (part) => {
          await write(part, "undone");
          await part`SELECT 1 / 0`;
        }),
        { code: "22012" },
      );
      await rejects(
        tx.savepoint(async (part) => {
          await part`SELECT 1 / 0`.catch(() => {}); // the driver does not let it pass either
        }),
        { code: "22012" },
      );
    });
    equal(outcome, "committed");
    deepStrictEqual(await namesIn(sql), ["kept"]);
  },

  async "refuses statements after its end"({ run, isUntouched, sql }) {
    let kept: TransactionSql | undefined;
    equal(await run((tx) => void (kept = tx)), "committed");
    const over = { name: "TypeError", message: /its transaction is over$/ };
    await rejects(write(kept!, "late") as Promise<unknown>, over);
    await rejects(kept!.savepoint(() => {}), over);
    deepStrictEqual(await namesIn(sql), []);
    void isUntouched;
  },

  async "notices a handler that ends the transaction by itself"({ run, sql, group }) {
    for (const own of ["COMMIT", "ROLLBACK", "COMMIT; BEGIN"]) {
      const ending = run(async (tx) => void await tx.unsafe(own));
      await rejects(ending, { name: "CheckpointError", code: "Ended", retryable: false });
    }
    deepStrictEqual([await namesIn(sql), await positionsOf(group.table)], [[], { 0: undefined }]);
  },

  async "checks deferred constraints before the position moves"({ run, isUntouched }) {
    const twice = run(async (tx) => {
      await write(tx, "a");
      await write(tx, "a");
    });
    await rejects(twice, (error) => {
      ok(error instanceof CheckpointError && error.code === "23505" && !isPassing(error));
      return true;
    });
    await isUntouched();
  },

  async "checks deferred constraints at the end of a savepoint, and leaves them deferred"(
    { run, sql, group: { effects } },
  ) {
    const outcome = await run(async (tx) => {
      await write(tx, "a");
      const twice = effects.savepoint(tx, (part) => write(part as TransactionSql, "a"));
      await rejects(twice as Promise<void>, { code: "23505" });
      await effects.savepoint(tx, async (part) => {
        await write(part as TransactionSql, "a");
        await (part as TransactionSql)`DELETE FROM effect WHERE name = 'a' AND at > 1`;
      });
      await write(tx, "a"); // is still deferred
      await tx`DELETE FROM effect WHERE name = 'a' AND at > 1`;
    });
    equal(outcome, "committed");
    deepStrictEqual(await namesIn(sql), ["a"]);
  },

  async "recognizes its own effects that are in the way of another attempt"({ run, sql }) {
    await sql`CREATE UNIQUE INDEX ON effect (lower(name))`; // not deferred
    equal(await run((tx) => write(tx, "a")), "committed");
    equal(await run((tx) => write(tx, "a")), "already");
    deepStrictEqual(await namesIn(sql), ["a"]);
  },

  async "gives up a handler that hangs, and ends its session"({ run, sql, isUntouched }) {
    const stop = new AbortController();
    const reason = new Error("stalled");
    const { promise, resolve } = Promise.withResolvers<void>();
    const hanging = run(async (tx) => {
      await write(tx, "a");
      resolve();
      await new Promise(() => {});
    }, { signal: stop.signal });
    await promise;
    stop.abort(reason);
    await rejects(hanging, (error) => error === reason);
    await untilGone(sql);
    await isUntouched();
  },

  async "gives up a statement that hangs"({ run, sql, isUntouched }) {
    const stop = new AbortController();
    const hanging = run((tx) => tx`SELECT pg_sleep(600)`, { signal: stop.signal });
    while ((await sessionsIn(sql))[0]?.state !== "active") await turn();
    stop.abort(new Error("stalled"));
    await rejects(hanging, /stalled/);
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%'
      AND pid <> pg_backend_pid()`;
    await untilGone(sql);
    await isUntouched();
  },

  async "names its shard and epoch, and keeps within the lease and the operator's limits"(
    { run, sql, url },
  ) {
    const settings = (tx: TransactionSql) =>
      tx`SELECT current_setting('application_name') AS name,
        current_setting('idle_in_transaction_session_timeout') AS idle,
        current_setting('statement_timeout') AS statement,
        current_setting('transaction_isolation') AS isolation`;
    let found: Record<string, string> | undefined;
    await run(async (tx) => void (found = (await settings(tx))[0]), {
      isolation: "serializable",
      maxMs: 5_000,
    });
    match(found!.name!, /^triton-group [0-9a-f]{16} 1 shardId-0{12}$/);
    deepStrictEqual({ ...found, name: "" }, {
      ...{ name: "", idle: "1h", statement: "5s", isolation: "serializable" },
    });
    await sql.unsafe(
      `ALTER DATABASE ${
        new URL(url).pathname.slice(1)
      } SET idle_in_transaction_session_timeout = '7s'`,
    );
    await using late = await openLeased(url, { client: "late" });
    await late.effects.run(fence(undefined, "5"), async (tx) => {
      found = (await settings(tx as TransactionSql))[0];
    });
    deepStrictEqual([found!.idle, found!.statement], ["7s", "0"]);
  },

  async "leaves the settings of its sessions as they were"({ run, sql, url }) {
    await run(() => {});
    await using group = await openLeased({ sql }, { client: "given" });
    let pid: number | undefined;
    const readPid = async (tx: unknown) =>
      void (pid = (await (tx as Sql)`SELECT pg_backend_pid() AS pid`)[0]!.pid);
    await group.effects.run(fence(undefined, "5"), readPid);
    const [session] = await sql`SELECT application_name AS name, state FROM pg_stat_activity
      WHERE pid = ${pid!}`;
    deepStrictEqual({ ...session }, { name: "postgres.js", state: "idle" });
    const before = pid;
    await group.effects.run(fence("5", "6"), readPid);
    equal(pid, before, "the session is used again");
    void url;
  },

  async "prepares statements of handlers, once for each session"({ group }) {
    const found: unknown[] = [];
    const look = async (tx: unknown) => {
      for (const n of [1, 2]) await (tx as Sql)`SELECT ${n}::int AS counted`;
      const [session] = await preparedIn(tx as Sql, "%AS counted%");
      found.push({ ...session });
    };
    for (const [previous, last] of [[undefined, "5"], ["5", "6"]] as const) {
      equal(await group.effects.run(fence(previous, last), look), "committed");
    }
    deepStrictEqual(found[1], found[0]);
    equal((found[0] as { count: number }).count, 1);
  },

  async "replaces a session with many prepared statements"({ group }) {
    const pids: number[] = [];
    const many = async (tx: unknown) => {
      for (let n = 0; n < 60; n++) {
        await (tx as Sql)`SELECT ${n}::int AS ${(tx as Sql)(`n${pids.length}_${n}`)}`;
      }
      pids.push((await preparedIn(tx as Sql, "%"))[0]!.pid);
    };
    for (const [previous, last] of [[undefined, "5"], ["5", "6"], ["6", "7"]] as const) {
      equal(await group.effects.run(fence(previous, last), many), "committed");
    }
    equal(pids[0], pids[1]);
    ok(pids[1] !== pids[2]);
  },

  async "blames no record for a prepared statement whose table was changed"({ group, sql }) {
    const { effects } = group;
    const read = (tx: unknown) => (tx as Sql)`SELECT * FROM effect WHERE at > ${0}`;
    equal(await effects.run(fence(undefined, "5"), read), "committed");
    const ways = {
      whole: read,
      single: (tx: unknown) => effects.savepoint(tx, read),
    };
    let last = 5;
    for (const [name, work] of Object.entries(ways)) {
      await sql`ALTER TABLE effect ADD COLUMN ${sql(name)} TEXT`;
      const move = fence(`${last}`, `${++last}`);
      await rejects(effects.run(move, work), (error) => {
        ok(isPassing(error), `${error}`);
        match(`${error}`, /has to be prepared again/);
        return true;
      });
      equal(await effects.run(move, work), "committed");
    }
  },

  async "keeps the user's own settings of the driver"({ url }) {
    await using sql = disposable(postgres(url, {
      max: 1,
      onnotice: () => {},
      transform: postgres.camel,
      types: { bigint: postgres.BigInt },
    }));
    await using group = await openLeased({ sql: sql.sql }, { client: "camel" });
    const outcome = await group.effects.run(fence(undefined, "5"), async (tx) => {
      const [row] = await (tx as Sql)`SELECT 12345678901234567::bigint AS some_number`;
      deepStrictEqual({ ...row }, { someNumber: 12345678901234567n });
    });
    equal(outcome, "committed");
    deepStrictEqual(await positionsOf(group.table), { 0: "5" });
  },

  async "survives the end of its session at any moment, and of the idle ones"(scene) {
    const { run, sql, isUntouched } = scene;
    const cut = () =>
      sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name LIKE 'triton-group %' OR application_name = 'triton'`;
    for (let n = 0; n < 24; n++) {
      // Before, between and after statements, some of which the handler sends after the end.
      const dying = run(async (tx) => {
        await write(tx, "a");
        const cutting = cut();
        if (n % 4 === 0) await cutting;
        if (n % 4 === 1) cutting.execute();
        for (let k = 0; k < n % 6; k++) await tx`SELECT ${k}::int`;
        await cutting;
        if (n % 3 === 0) await turn();
        await Promise.allSettled([tx`SELECT 1`, tx`SELECT 2`, tx.savepoint(() => {})]);
        await tx`SELECT 3`;
      });
      await rejects(dying, (error) => {
        ok(isPassing(error), `${error}`);
        return true;
      });
    }
    await isUntouched();
    await cut();
    equal(await run((tx) => write(tx, "b")), "already");
  },
};

/** The session, and how many statements like a pattern it has prepared. */
function preparedIn(tx: Sql, pattern: string): PromiseLike<{ pid: number; count: number }[]> {
  return tx`SELECT pg_backend_pid() AS pid, count(*)::int AS count FROM pg_prepared_statements
    WHERE statement LIKE ${pattern} AND statement NOT LIKE '%pg_prepared_statements%'`;
}

/** Writes the name of an effect. */
function write(tx: TransactionSql, name: string): PromiseLike<unknown> {
  return tx`INSERT INTO effect ${tx({ name })}`;
}

async function namesIn(sql: Sql): Promise<string[]> {
  return (await sql`SELECT name FROM effect ORDER BY at`).map(({ name }) => name);
}

/** The sessions in which a handler's transaction runs. */
async function sessionsIn(sql: Sql) {
  return await sql`SELECT pid, state FROM pg_stat_activity
    WHERE application_name LIKE 'triton-group %' AND datname = current_database()`;
}

async function untilGone(sql: Sql): Promise<void> {
  while ((await sessionsIn(sql)).length > 0) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function disposable(sql: Sql): AsyncDisposable & { readonly sql: Sql } {
  return { sql, [Symbol.asyncDispose]: () => sql.end() };
}

Deno.test("PostgresEffects.run()", async (t) => {
  await using server = await startPostgres();
  for (const [name, test] of Object.entries(TESTS)) {
    for (const isGiven of [false, true]) {
      await t.step(`${name} (${isGiven ? "of a pool" : "of a URL"})`, async () => {
        const url = await server.createDatabase();
        await using own = disposable(postgres(url, { max: 4, onnotice: () => {} }));
        await own.sql.unsafe(EFFECT);
        await using group = await openLeased(isGiven ? { sql: own.sql } : url, {
          leaseMs: LONG_MS,
        });
        const run: Scene["run"] = (handler, options) =>
          group.effects.run(fence(undefined, "5"), handler as (tx: unknown) => unknown, options);
        await test({
          ...{ group, sql: own.sql, url, run },
          async isUntouched() {
            deepStrictEqual(
              [await namesIn(own.sql), await positionsOf(group.table)],
              [[], { 0: undefined }],
            );
            equal(await run((tx) => write(tx, "again")), "committed");
            deepStrictEqual(await namesIn(own.sql), ["again"]);
          },
        });
      });
    }
  }
});
