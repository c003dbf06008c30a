import { deepStrictEqual, equal } from "node:assert/strict";
import postgres, { type Sql } from "postgres";
import { startPgBouncer } from "../../support/pgbouncer.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { query } from "../../sql/postgres/support.ts";
import { EFFECTS } from "./contract_effects.ts";
import { EXCLUSIONS } from "./contract_exclusion.ts";
import { TABLES } from "./contract_table.ts";
import { openLeased, postgresPlace } from "./postgres_support.ts";
import { fence } from "./support.ts";

/** Makes empty schemas in one database, much faster than a database for each. */
async function* schemasIn(url: string): AsyncGenerator<string, never> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    for (let n = 1;; n++) {
      await sql.unsafe(`CREATE SCHEMA place_${n}`);
      yield `${url}?search_path=place_${n}`;
    }
  } finally {
    await sql.end();
  }
}

/** A new database in which transactions are isolated so unless they say otherwise. */
async function databaseWith(server: PostgresServer, isolation: string): Promise<string> {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  await query(url, `ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`);
  return url;
}

Deno.test("PostgreSQL keeps a group", async (t) => {
  await using server = await startPostgres();
  for (const isolation of ["read committed", "repeatable read", "serializable"]) {
    const schemas = schemasIn(await databaseWith(server, isolation));
    const tests = isolation === "read committed" ? [...TABLES, ...EFFECTS] : EFFECTS;
    for (const isGiven of isolation === "read committed" ? [false, true] : [false]) {
      for (const { name, run } of tests) {
        const how = isGiven ? "an open pool" : "PostgreSQL";
        await t.step(`openGroupDatabase() of ${how}, ${isolation}: ${name}`, async () => {
          await using place = await postgresPlace((await schemas.next()).value, { isGiven });
          await run(place);
        });
      }
    }
    for (const { name, run } of isolation === "read committed" ? EXCLUSIONS : []) {
      await t.step(`openGroupDatabase() of PostgreSQL: ${name}`, async () => {
        await run((await schemas.next()).value);
      });
    }
    await schemas.return(undefined as never);
  }
});

Deno.test("PgBouncer in transaction mode keeps a group", async (t) => {
  await using server = await startPostgres();
  await using bouncer = await startPgBouncer(server, "transaction");
  for (const isGiven of [false, true]) {
    for (const { name, run } of isGiven ? EFFECTS : [...TABLES, ...EFFECTS]) {
      await t.step(`${isGiven ? "an open pool" : "a URL"}: ${name}`, async () => {
        const url = new URL(await server.createDatabase());
        url.port = `${bouncer.port}`;
        await using place = await postgresPlace(url.href, { isGiven, prepare: false });
        await run(place);
      });
    }
  }
  await t.step("nothing is prepared, and sessions may change between transactions", async () => {
    const url = new URL(await server.createDatabase());
    url.port = `${bouncer.port}`;
    await using group = await openLeased(url.href);
    const count = async (tx: unknown) => {
      await (tx as Sql)`SELECT ${1}::int`;
      const [found] = await (tx as Sql)`SELECT count(*)::int AS n FROM pg_prepared_statements`;
      equal(found!.n, 0);
    };
    for (const [previous, last] of [[undefined, "5"], ["5", "6"], ["6", "7"]] as const) {
      equal(await group.effects.run(fence(previous, last), count), "committed");
    }
  });
});

Deno.test("a group leaves its tables as they are created, each with its version", async () => {
  await using server = await startPostgres();
  const url = await server.createDatabase();
  await using place = await postgresPlace(url);
  const groups = await Promise.all(Array.from({ length: 8 }, () => place.open()));
  for (const group of groups) await group[Symbol.asyncDispose]();
  deepStrictEqual(await query(url, "SELECT part, version FROM triton_schema ORDER BY part"), [
    { part: "group", version: 1 },
    { part: "ledger", version: 2 },
  ]);
  equal((await query(url, "SELECT 1 FROM triton_group_shard")).length, 0);
});
