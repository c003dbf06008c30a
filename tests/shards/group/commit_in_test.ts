import pg from "pg";
import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/postgres-js";
import { Kysely, PostgresDialect, sql as kyselySql } from "kysely";
import postgres, { type Sql } from "postgres";
import type { GroupDatabase } from "../../../src/shards/group/open_group.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { EFFECT, openLeased } from "./postgres_support.ts";
import { fence, positionsOf } from "./support.ts";

const REFUSED = { name: "CheckpointError", code: "Refused", retryable: false };

/** A database with a group that has shard 0. */
interface Scene extends AsyncDisposable {
  readonly url: string;
  readonly sql: Sql;
  readonly group: GroupDatabase;
  /** What is in the database: the effects, and the position of shard 0. */
  state(): Promise<readonly [string[], string | undefined]>;
}

const NOTHING = [[], undefined];

async function openScene(server: PostgresServer): Promise<Scene> {
  const url = await server.createDatabase();
  const sql = postgres(url, { max: 4, onnotice: () => {} });
  await sql.unsafe(EFFECT);
  const group = await openLeased(url);
  return {
    ...{ url, sql, group },
    async state() {
      const names = (await sql`SELECT name FROM effect ORDER BY at`).map(({ name }) => name);
      const rows = await positionsOf(group.table);
      deepStrictEqual(Object.keys(rows), ["0"], "no probe is left");
      return [names, rows[0]];
    },
    async [Symbol.asyncDispose]() {
      await group[Symbol.asyncDispose]();
      await sql.end();
    },
  };
}

/** A way to run transactions, with its own words for them. */
interface Driver<Tx> extends AsyncDisposable {
  transaction(work: (tx: Tx) => Promise<void>): Promise<void>;
  write(tx: Tx, name: string): Promise<unknown>;
  /** What runs statements outside of a transaction. */
  readonly outside: unknown;
}

function onDrizzle(url: string): Driver<Parameters<Parameters<Drizzle["transaction"]>[0]>[0]> {
  const client = postgres(url, { max: 2, onnotice: () => {} });
  const database = drizzle(client);
  return {
    transaction: (work) => database.transaction(work),
    write: async (tx, name) =>
      await tx.execute(drizzleSql`INSERT INTO effect (name) VALUES (${name})`),
    outside: database,
    [Symbol.asyncDispose]: () => client.end({ timeout: 0 }),
  };
}

type Drizzle = ReturnType<typeof drizzle>;

function onKysely(url: string): Driver<Kysely<unknown>> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  const database = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  return {
    transaction: (work) => database.transaction().execute(work),
    write: (tx, name) => kyselySql`INSERT INTO effect (name) VALUES (${name})`.execute(tx),
    outside: database,
    [Symbol.asyncDispose]: () => database.destroy(),
  };
}

function onNodePostgres(url: string): Driver<pg.ClientBase> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  return {
    async transaction(work) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        await work(client);
        await client.query("COMMIT");
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      } finally {
        client.release();
      }
    },
    write: (client, name) => client.query("INSERT INTO effect (name) VALUES ($1)", [name]),
    outside: pool,
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

/** A function that runs statements, for a driver that is not known. */
function onFunction(url: string): Driver<(text: string) => Promise<unknown>> {
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  return {
    async transaction(work) {
      await sql.begin(async (tx) => await work(async (text) => await tx.unsafe(text)));
    },
    write: (execute, name) => execute(`INSERT INTO effect (name) VALUES ('${name}')`),
    outside: async (text: string) => await sql.unsafe(text),
    [Symbol.asyncDispose]: () => sql.end(),
  };
}

const DRIVERS: Readonly<Record<string, (url: string) => Driver<never>>> = {
  "drizzle-orm": onDrizzle as (url: string) => Driver<never>,
  kysely: onKysely as (url: string) => Driver<never>,
  "node-postgres": onNodePostgres as (url: string) => Driver<never>,
  "a function": onFunction as (url: string) => Driver<never>,
};

type Test = (scene: Scene, driver: Driver<never>) => Promise<void>;

const TESTS: Readonly<Record<string, Test>> = {
  async "commits effects and position together"({ group: { effects }, state }, driver) {
    for (const [previous, last] of [[undefined, "5"], ["5", "6"]] as const) {
      await driver.transaction(async (tx) => {
        await driver.write(tx, last);
        await effects.commitIn(tx, fence(previous, last));
      });
    }
    deepStrictEqual(await state(), [["5", "6"], "6"]);
  },

  async "makes a refused transaction uncommittable, though its error is swallowed"(
    { group: { effects }, state },
    driver,
  ) {
    for (const asked of [fence("4", "5"), fence(undefined, "5", { epoch: 2 })]) {
      let refusal: unknown;
      await driver.transaction(async (tx) => {
        await driver.write(tx, "lost");
        await effects.commitIn(tx, asked).catch((error) => refusal = error);
      }).catch(() => {}); // whatever the driver makes of a COMMIT that rolls back
      ok(refusal instanceof Error && "code" in refusal && refusal.code === "Refused");
      deepStrictEqual(await state(), NOTHING);
    }
  },

  async "moves nothing if the transaction is rolled back"({ group: { effects }, state }, driver) {
    const rolledBack = driver.transaction(async (tx) => {
      await driver.write(tx, "lost");
      await effects.commitIn(tx, fence(undefined, "5"));
      throw new Error("boom");
    });
    await rejects(rolledBack, /boom/);
    deepStrictEqual(await state(), NOTHING);
  },

  async "refuses to work outside a transaction"({ group: { effects }, state }, { outside }) {
    await rejects(effects.commitIn(outside, fence(undefined, "5")), {
      ...REFUSED,
      message: /^Cannot commit: this is no transaction, or it is over/,
    });
    deepStrictEqual(await state(), NOTHING);
  },
};

/** What does not depend on the driver. */
const OWN_TESTS: Readonly<Record<string, (scene: Scene, server: PostgresServer) => Promise<void>>> =
  {
    async "refuses a savepoint by ending the session, though its error is swallowed"(
      { url, group: { effects }, state },
    ) {
      for (const asked of [fence(undefined, "5"), fence("4", "5")]) {
        // A pool of npm:postgres hangs after a session has died in its begin().
        await using driver = onDrizzle(url);
        let refusal: unknown;
        const outer = driver.transaction(async (tx) => {
          await driver.write(tx, "outer");
          await tx.transaction(async (inner) => {
            await driver.write(inner, "inner");
            await effects.commitIn(inner, asked).catch((error) => {
              refusal = error;
              throw error;
            });
          }).catch(() => {});
        });
        await rejects(outer);
        match(`${refusal}`, /^CheckpointError: Cannot commit: this is a savepoint/);
        deepStrictEqual(await state(), NOTHING);
      }
    },

    async "accepts the top level after savepoints that are over"(
      { url, group: { effects }, state },
    ) {
      await using driver = onNodePostgres(url);
      await driver.transaction(async (tx) => {
        await tx.query("SAVEPOINT one");
        await driver.write(tx, "kept");
        await tx.query("RELEASE one; SAVEPOINT two");
        await driver.write(tx, "undone");
        await tx.query("ROLLBACK TO two; RELEASE two");
        await effects.commitIn(tx, fence(undefined, "5"));
      });
      deepStrictEqual(await state(), [["kept"], "5"]);
    },

    async "notices a transaction that was committed already"({ sql, group: { effects }, state }) {
      const session = await sql.reserve();
      await session`BEGIN`;
      await session`INSERT INTO effect (name) VALUES ('kept')`;
      await session`COMMIT`;
      await rejects(effects.commitIn(session, fence(undefined, "5")), REFUSED);
      session.release();
      deepStrictEqual(await state(), [["kept"], undefined]);
    },

    async "throws on a database that does not have the group"(
      { group: { effects }, state },
      server,
    ) {
      const elsewhere = postgres(await server.createDatabase(), { max: 1, onnotice: () => {} });
      const foreign = elsewhere.begin(async (tx) =>
        await effects.commitIn(tx, fence(undefined, "5"))
      );
      await rejects(foreign, { code: "42P01" });
      await elsewhere.end();
      await using other = await openScene(server);
      await other.group.table.setPositions(
        new Map([[fence(undefined, "5").shardId, {
          position: fence(undefined, "1").last,
        }]]),
      );
      const same = other.sql.begin(async (tx) => await effects.commitIn(tx, fence(undefined, "5")));
      await rejects(same, REFUSED);
      deepStrictEqual(await state(), NOTHING);
    },

    async "throws what the server says, such as a conflict"({ sql, group: { effects }, state }) {
      const conflicting = sql.begin("isolation level repeatable read", async (tx) => {
        await tx`INSERT INTO effect (name) VALUES ('lost')`;
        await sql`UPDATE triton_group_shard SET moved_ms = 1`;
        await effects.commitIn(tx, fence(undefined, "5"));
      });
      await rejects(conflicting, { code: "40001" });
      deepStrictEqual(await state(), NOTHING);
    },

    async "refuses what runs no statement"({ group: { effects }, state }) {
      for (const nothing of [undefined, null, {}, 5, "BEGIN"]) {
        await rejects(effects.commitIn(nothing, fence(undefined, "5")), TypeError);
      }
      deepStrictEqual(await state(), NOTHING);
    },
  };

Deno.test("PostgresEffects.commitIn()", async (t) => {
  await using server = await startPostgres();
  for (const [name, test] of Object.entries(TESTS)) {
    for (const [driver, open] of Object.entries(DRIVERS)) {
      await t.step(`${name} (${driver})`, async () => {
        await using scene = await openScene(server);
        await using opened = open(scene.url);
        await test(scene, opened);
      });
    }
  }
  for (const [name, test] of Object.entries(OWN_TESTS)) {
    await t.step(name, async () => {
      await using scene = await openScene(server);
      await test(scene, server);
    });
  }
  equal(typeof server.url, "string");
});
