import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import {
  type ArchiveLedger,
  CheckpointError,
  openCheckpointer,
  openLedger,
} from "@triton/triton/checkpoint";
import { SAME_SCHEMA } from "../../src/ledger/tables/schema.ts";
import { PostgresBackend } from "../../src/sql/postgres/backend.ts";
import { PostgresPool } from "../../src/sql/postgres/pool.ts";
import { execute } from "../../src/sql/steps.ts";
import { retry } from "../../src/base/retry.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { positions, shard } from "../checkpoint/contract.ts";
import { GO_TRITON_ROWS, GO_TRITON_TABLE } from "../checkpoint/go_triton.ts";
import { LEDGER_CONTRACT, placeIn } from "./contract.ts";
import { acquireTogether } from "./processes.ts";
import { RACES } from "./races.ts";
import {
  intent,
  keepsConsumersOut,
  lease,
  type LedgerPlace,
  LONG_MS,
  noticesAnotherSchema,
  range,
  takesOverVersion1,
  TO_VERSION_1,
} from "./support.ts";
import { impatient, query } from "../sql/postgres/support.ts";

const OPTIONS = { client: "store", stream: "clicks" };

/** Tests that need a server; each gets an empty database, in order, on one server. */
const TESTS: Readonly<Record<string, (url: string, server: PostgresServer) => Promise<void>>> = {
  async "openLedger() of PostgreSQL takes over a database of go-triton"(url) {
    await query(url, GO_TRITON_TABLE, GO_TRITON_ROWS);
    const options = { client: "store", stream: "user_activity_prod" };
    await using ledger = await openLedger(url, options);
    await lease(ledger, "a", 2);
    equal((await ledger.position(shard(1))).knownAt.getTime(), 1_436_553_582_000);
    deepStrictEqual(await ledger.intend(intent("i", range(1, 1, "7", "9"))), [shard(1)]);
    equal(await ledger.commit("i"), "done");
    deepStrictEqual(
      await query(
        url,
        `SELECT client, seq_num, abs(updated - extract(epoch FROM now())) < 60 AS now
         FROM triton_checkpoint WHERE shard LIKE '%1'`,
      ),
      [{ client: "store", seq_num: "9", now: true }],
    );
  },

  async "openLedger() of PostgreSQL takes over the tables of version 1"(url) {
    const ledger = await openLedger(url, OPTIONS);
    await lease(ledger, "a", 1);
    await ledger.intend(intent("i", range(0, 1, undefined, "5")));
    await ledger.commit("i");
    await ledger.intend(intent("j", range(0, 1, "5", "6")));
    await ledger[Symbol.asyncDispose]();
    await query(url, ...TO_VERSION_1);
    await takesOverVersion1(() => openLedger(url, OPTIONS));
  },

  async "SqlCheckpointer.save() refuses a consumer under an archiver's name"(url) {
    await keepsConsumersOut(url);
  },

  async "SqlCheckpointer.save() needs no right to read what archivers keep"(url) {
    await (await openLedger(url, OPTIONS))[Symbol.asyncDispose]();
    await query(
      url,
      "CREATE ROLE reader LOGIN PASSWORD 'r'",
      "GRANT SELECT, INSERT, UPDATE ON triton_checkpoint TO reader",
    );
    const asReader = Object.assign(new URL(url), { username: "reader", password: "r" }).href;
    await using checkpointer = await openCheckpointer(asReader, { client: "billing" });
    await checkpointer.save("clicks", positions({ 0: "9" }));
    equal(await checkpointer.load("clicks", shard(0)), "9");
  },

  async "openLedger() of PostgreSQL on many connections and in several processes at once"(url) {
    const ledgers = await Promise.all(Array.from({ length: 8 }, () => openLedger(url, OPTIONS)));
    for (const ledger of ledgers) await ledger[Symbol.asyncDispose]();
    deepStrictEqual(await query(url, "SELECT part, version FROM triton_schema"), [
      { part: "ledger", version: 2 },
    ]);
    await acquireTogether(url);
  },

  async "openLedger() of a new PostgreSQL database in several processes at once"(url) {
    await acquireTogether(url);
  },

  async "openLedger() of PostgreSQL refuses the tables of a newer version"(url) {
    await (await openLedger(url, OPTIONS))[Symbol.asyncDispose]();
    await query(url, "UPDATE triton_schema SET version = 3");
    await rejects(openLedger(url, OPTIONS), { code: "SchemaTooNew", retryable: false });
  },

  async "SqlLedger on PostgreSQL notices a schema that is raised under it"(url) {
    await using ledger = await openLedger(url, OPTIONS);
    const raise = (version: number) => query(url, `UPDATE triton_schema SET version = ${version}`);
    await noticesAnotherSchema(ledger, raise);
  },

  async "SqlLedger on PostgreSQL: the schema changes between two transactions, never within"(url) {
    await using ledger = await openLedger(url, OPTIONS);
    await lease(ledger, "a", 1);
    const newer = postgres(url, { max: 1, onnotice: () => {} });
    let renewed: Promise<unknown> | undefined;
    await newer.begin(async (session) => {
      await session`SELECT pg_advisory_xact_lock(1953655156)`; // as every version does
      renewed = ledger.renew("a", LONG_MS);
      renewed.catch(() => {});
      for (let waiting = 0; waiting === 0;) {
        waiting = (await session`SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event = 'advisory'`).length;
      }
      await session`UPDATE triton_schema SET version = 3`;
    });
    await rejects(renewed!, { code: "SchemaTooNew" });
    await newer.end();
  },

  async "PostgresBackend.transact() asks for its premise without a round trip more"(url) {
    await (await openLedger(url, OPTIONS))[Symbol.asyncDispose]();
    const driver = postgres(url, { max: 1, onnotice: () => {} });
    let trips = 0;
    const counting = new Proxy(driver, {
      get(target, name) {
        if (name === "connect") return undefined;
        const value = Reflect.get(target, name, target);
        if (name !== "unsafe") return typeof value === "function" ? value.bind(target) : value;
        return (...args: Parameters<typeof driver.unsafe>) => (trips++, target.unsafe(...args));
      },
      has: (target, name) => name !== "connect" && name in target,
    });
    const database = new PostgresBackend(new PostgresPool(counting));
    const tripsOf = async (premise?: typeof SAME_SCHEMA) => {
      trips = 0;
      await database.transact("Cannot count", () => execute("SELECT 1"), premise);
      return trips;
    };
    await tripsOf(); // the first one looks for the schema
    deepStrictEqual([await tripsOf(), await tripsOf(SAME_SCHEMA)], [3, 3]);
    await driver.end();
  },

  async "openLedger() of PostgreSQL needs no right to create what is there"(url) {
    await (await openLedger(url, OPTIONS))[Symbol.asyncDispose]();
    await query(
      url,
      "CREATE ROLE worker LOGIN PASSWORD 'w'",
      "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker",
    );
    const asWorker = Object.assign(new URL(url), { username: "worker", password: "w" }).href;
    await using ledger = await openLedger(asWorker, OPTIONS);
    await lease(ledger, "a", 2);
    await ledger.intend(intent("i", range(0, 1, undefined, "5")));
    equal(await ledger.commit("i"), "done");
  },

  async "SqlLedger on a server that was started again goes on"(url, server) {
    await using ledger = await openLedger(url, OPTIONS);
    await lease(ledger, "a", 4);
    await server.stop();
    const calls: readonly ((ledger: ArchiveLedger) => Promise<unknown>)[] = [
      (ledger) => ledger.renew("a", LONG_MS),
      (ledger) => ledger.position(shard(0)),
      (ledger) => ledger.intend(intent("i", range(0, 1, undefined, "5"))),
    ];
    for (const call of calls) await rejects(call(ledger), isRetryable);
    // Retried from before the server is back until after.
    const all = calls.map((call) => retry(() => call(ledger), { clock: impatient }));
    await server.start();
    await Promise.all(all);
    equal(await ledger.commit("i"), "done");
  },

  async "SqlLedger on a server that became a standby waits until there is a primary"(url, server) {
    await using ledger = await openLedger(url, OPTIONS);
    await lease(ledger, "a", 1);
    await server.stop();
    const standby = join(server.directory, "data", "standby.signal");
    await Deno.writeTextFile(standby, "");
    await server.start();
    await rejects(ledger.renew("a", LONG_MS), /"clicks": the server takes no writes/);
    await rejects(ledger.renew("a", LONG_MS), isRetryable);
    equal((await ledger.shards())[0]?.owner, "a");
    await server.stop();
    await Deno.remove(standby);
    await server.start();
    const again = await retry(() => ledger.renew("a", LONG_MS), { clock: impatient });
    deepStrictEqual(again.held, new Map([[shard(0), 1]]));
  },

  async "SqlLedger whose sessions are cut off again and again loses no step"(url) {
    await using ledger = await openLedger(url, OPTIONS);
    await lease(ledger, "a", 1);
    // Cut off at another moment each time: before, in the middle of or after the transaction.
    const cut = postgres(url, { max: 1, onnotice: () => {} });
    const again = async <T>(call: () => Promise<T>): Promise<T> => {
      const [answer] = await Promise.all([
        retry(call, { clock: impatient }),
        cut`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'triton' AND datname = current_database()`,
      ]);
      return answer;
    };
    for (let n = 1; n <= 15; n++) {
      const asked = intent(`i${n}`, range(0, 1, n === 1 ? undefined : `${n - 1}`, `${n}`));
      deepStrictEqual(await again(() => ledger.intend(asked)), [shard(0)]);
      equal(await again(() => ledger.commit(asked.id)), "done");
    }
    await cut.end();
    deepStrictEqual(
      await retry(() => ledger.checkpoints(), { clock: impatient }),
      positions({ 0: "15" }),
    );
  },

  async "SqlLedger waits for a transaction that holds its row, and sees what that one did"(url) {
    await using ledger = await openLedger(url, OPTIONS);
    await lease(ledger, "a", 1);
    const sql = postgres(url, { max: 2, onnotice: () => {} });
    let intended: Promise<unknown> | undefined;
    await sql.begin(async (session) => {
      await session`UPDATE triton_shard SET epoch = 2, owner = 'b'`;
      intended = ledger.intend(intent("i", range(0, 1, undefined, "5")));
      for (let waiting = 0; waiting === 0;) {
        const rows = await sql`SELECT 1 FROM pg_locks WHERE NOT granted`;
        waiting = rows.length;
      }
    });
    deepStrictEqual(await intended, []);
    await sql.end();
  },
};

function isRetryable(error: unknown): true {
  ok(error instanceof CheckpointError && error.retryable, `${error}`);
  return true;
}

/** Makes empty places in one database, much faster than a database for each. */
async function* placesIn(url: string): AsyncGenerator<LedgerPlace, never> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    for (let n = 1;; n++) {
      await sql.unsafe(`CREATE SCHEMA place_${n}`);
      yield placeIn(`${url}?search_path=place_${n}`);
    }
  } finally {
    await sql.end();
  }
}

/** An empty database in which transactions are isolated so unless they say otherwise. */
async function databaseWith(server: PostgresServer, isolation: string): Promise<string> {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  await query(url, `ALTER DATABASE ${name} SET default_transaction_isolation = '${isolation}'`);
  return url;
}

Deno.test("PostgreSQL keeps a ledger", async (t) => {
  await using server = await startPostgres();
  const contract = [...LEDGER_CONTRACT, ...RACES];
  for (
    const [isolation, tests] of [["read committed", contract], ["serializable", RACES]] as const
  ) {
    const places = placesIn(await databaseWith(server, isolation));
    for (const { name, run } of tests) {
      await t.step(`openLedger() of PostgreSQL, ${isolation} by default: ${name}`, async () => {
        await run((await places.next()).value);
      });
    }
    await places.return(undefined as never);
  }
  for (const [name, run] of Object.entries(TESTS)) {
    await t.step(name, async () => await run(await server.createDatabase(), server));
  }
});
