import { deepStrictEqual, equal, ok, rejects } from "node:assert/strict";
import postgres from "postgres";
import { VirtualClock } from "@triton/triton";
import { CheckpointError, openCheckpointer, openLedger } from "@triton/triton/checkpoint";
import { PostgresBackend } from "../../../src/sql/postgres/backend.ts";
import { PostgresPool } from "../../../src/sql/postgres/pool.ts";
import { postgresConnector } from "../../../src/sql/postgres/session.ts";
import { parsePostgresUrl } from "../../../src/sql/postgres/url.ts";
import { execute } from "../../../src/sql/steps.ts";
import { retry } from "../../../src/base/retry.ts";
import { type Cut, startTcpRelay } from "../../support/tcp_relay.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { positions, shard } from "../../checkpoint/contract.ts";
import { intent, lease, range } from "../../ledger/support.ts";
import { impatient, query } from "./support.ts";

const OPTIONS = { client: "store", stream: "clicks" };
const CUTS: readonly Cut[] = ["before", "after", "inside"];

function through(url: string, port: number): string {
  return Object.assign(new URL(url), { port: `${port}` }).href;
}

/** Ends all sessions in a database while nothing else of this process can run. */
function endSessions(url: string): void {
  const program = new URL("../../ledger/ending_program.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", "--quiet", program, url];
  const { success, stderr } = new Deno.Command(Deno.execPath(), { args }).outputSync();
  ok(success, new TextDecoder().decode(stderr));
}

function isRetryable(error: unknown): true {
  ok(error instanceof CheckpointError && error.retryable, `${error}`);
  return true;
}

const TESTS: Readonly<Record<string, (url: string, server: PostgresServer) => Promise<void>>> = {
  async "SqlLedger survives a connection that is cut at any moment of a transaction"(url, server) {
    await using relay = startTcpRelay(server.port);
    await using ledger = await openLedger(through(url, relay.port), OPTIONS);
    await lease(ledger, "a", 1);
    let count = 0;
    for (const how of CUTS) {
      for (let moment = 0, isOver = false; !isOver; moment++) {
        relay.cutAt(moment, how);
        const asked = intent(
          `i${++count}`,
          range(0, 1, count === 1 ? undefined : `${count - 1}`, `${count}`),
        );
        const intended = await retry(() => ledger.intend(asked), { clock: impatient });
        deepStrictEqual(intended, [shard(0)]);
        equal(await retry(() => ledger.commit(asked.id), { clock: impatient }), "done");
        isOver = relay.isArmed;
        ok(moment < 200);
      }
      relay.cutAt(-1, how);
    }
    ok(count > 60, `${count} moments`);
    deepStrictEqual(await ledger.checkpoints(), positions({ 0: `${count}` }));
  },

  async "SqlLedger survives a session that the server ends before any statement"(url) {
    await using ledger = await openLedger(url, OPTIONS);
    await lease(ledger, "a", 1);
    const killer = postgres(url, { max: 1, onnotice: () => {} });
    // Ends whatever session waits for a row, in the middle of its transaction, as it comes.
    for (let n = 1; n <= 12; n++) {
      const asked = intent(`i${n}`, range(0, 1, n === 1 ? undefined : `${n - 1}`, `${n}`));
      let intended: Promise<unknown> | undefined;
      await killer.begin(async (session) => {
        await session`UPDATE triton_shard SET epoch = epoch`;
        intended = ledger.intend(asked);
        intended.catch(() => {});
        for (let ended = 0; ended === 0;) {
          ended = (await session`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = 'triton' AND datname = current_database()
              AND wait_event_type = 'Lock'`).length;
        }
      });
      await rejects(intended!, isRetryable);
      deepStrictEqual(await retry(() => ledger.intend(asked), { clock: impatient }), [shard(0)]);
      equal(await retry(() => ledger.commit(asked.id), { clock: impatient }), "done");
    }
    await killer.end();
  },

  async "PostgresBackend survives a session that ends while this thread is busy"(url) {
    const connector = await postgresConnector(parsePostgresUrl(url));
    await using database = new PostgresBackend(new PostgresPool(connector, { maxSessions: 1 }));
    for (let moment = 0; moment < 4; moment++) {
      const call = database.transact("Cannot count", function* () {
        for (let step = 0; step < 4; step++) {
          if (step === moment) endSessions(url); // unnoticed until the next statement is sent
          yield* execute("SELECT 1");
        }
      });
      await rejects(call, { code: "57P01", retryable: true });
      await database.transact("Cannot count", () => execute("SELECT 1"));
    }
  },

  async "PostgresPool of one session goes on after the server ended an idle transaction"(url) {
    const pool = new PostgresPool(await postgresConnector(parsePostgresUrl(url)), {
      maxSessions: 1,
    });
    const watcher = postgres(url, { max: 1, onnotice: () => {} });
    for (let n = 0; n < 24; n++) {
      const call = pool.run("Cannot wait", async (sql) => {
        await sql.unsafe(`BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${1 + n % 3}`);
        // At another moment each time: before the server ends it, just then, or after.
        for (let looks = 0; looks < n; looks++) {
          await watcher`SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'`;
        }
        await sql.unsafe("SELECT 1");
        await sql.unsafe("COMMIT");
      });
      await call.catch(isRetryable);
      await pool.run("Cannot go on", (sql) => sql.unsafe("SELECT 1"));
    }
    await watcher.end();
    await pool.end();
  },

  async "SqlLedger retries what the server ended because it took too long (25P03)"(url) {
    const pool = new PostgresPool(await postgresConnector(parsePostgresUrl(url)), {
      maxSessions: 1,
    });
    const watcher = postgres(url, { max: 1, onnotice: () => {} });
    const call = pool.run("Cannot wait", async (sql) => {
      await sql.unsafe("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 1");
      for (let sessions = 1; sessions > 0;) {
        sessions = (await watcher`SELECT 1 FROM pg_stat_activity
          WHERE state = 'idle in transaction' AND datname = current_database()`).length;
      }
      await sql.unsafe("SELECT 1");
    });
    await rejects(call, {
      code: "25P03",
      retryable: true,
      message: /^Cannot wait: terminating connection due to idle-in-transaction timeout$/,
    });
    await watcher.end();
    await pool.end();
  },

  async "PostgresPool of one session goes on after work that failed or took too long"(url) {
    const connector = await postgresConnector(parsePostgresUrl(url));
    const pool = new PostgresPool(connector, { maxSessions: 1, timeoutMs: 300 });
    const pid = (): Promise<unknown> =>
      pool.run("Cannot ask", async (sql) => (await sql.unsafe("SELECT pg_backend_pid()"))[0]);
    const first = await pid();
    deepStrictEqual(await pid(), first);
    await rejects(pool.run("Cannot divide", (sql) => sql.unsafe("SELECT 1 / 0")), {
      code: "22012",
      message: "Cannot divide: division by zero",
    });
    const slow = pool.run("Cannot wait", (sql) => sql.unsafe("SELECT pg_sleep(60)"));
    await rejects(slow, { code: "Timeout", retryable: true });
    ok(await pid() !== first);
    await pool.end();
    await rejects(pid(), { code: "Closed", retryable: false });
  },

  async "PostgresPool never begins work that nobody waits for any more"(url) {
    const connector = await postgresConnector(parsePostgresUrl(url));
    const clock = new VirtualClock();
    const pool = new PostgresPool(connector, { maxSessions: 1, clock });
    const begun = Promise.withResolvers<void>();
    const busy = pool.run("Cannot wait", async (sql) => {
      begun.resolve();
      await sql.unsafe("SELECT pg_sleep(60)");
    });
    await begun.promise;
    let isRun = false;
    const queued = pool.run("Cannot begin", () => {
      isRun = true;
      return Promise.resolve();
    });
    const late = [busy, queued].map((call) => rejects(call, { code: "Timeout" }));
    await clock.advance(30_000);
    await Promise.all(late);
    await pool.run("Cannot go on", (sql) => sql.unsafe("SELECT 1"));
    equal(isRun, false);
    await pool.end();
  },

  async "SqlCheckpointer survives a connection that is cut at any moment of a save"(
    url,
    server,
  ) {
    await using relay = startTcpRelay(server.port);
    await using checkpointer = await openCheckpointer(through(url, relay.port), { client: "c" });
    let count = 0;
    for (const how of CUTS) {
      for (let moment = 0, isOver = false; !isOver; moment++) {
        relay.cutAt(moment, how);
        const saved = positions({ 0: `${++count}` });
        await retry(() => checkpointer.save("s", saved), { clock: impatient });
        equal(
          await retry(() => checkpointer.load("s", shard(0)), { clock: impatient }),
          `${count}`,
        );
        isOver = relay.isArmed;
      }
      relay.cutAt(-1, how);
    }
    ok(count > 12, `${count} moments`);
  },

  async "openLedger() through a connection that is cut at any moment opens at the next try"(
    url,
    server,
  ) {
    await using relay = startTcpRelay(server.port);
    const open = async () =>
      await (await openLedger(through(url, relay.port), OPTIONS))[Symbol.asyncDispose]();
    for (const how of ["after", "inside"] as const) {
      for (let moment = 0, isOver = false; !isOver; moment++) {
        relay.cutAt(moment, how);
        await retry(open, { clock: impatient });
        isOver = relay.isArmed;
      }
      relay.cutAt(-1, how);
    }
    deepStrictEqual(await query(url, "SELECT count(*)::int FROM triton_schema"), [{ count: 1 }]);
  },
};

Deno.test("PostgreSQL ends sessions at any moment", async (t) => {
  await using server = await startPostgres();
  for (const [name, run] of Object.entries(TESTS)) {
    await t.step(name, async () => await run(await server.createDatabase(), server));
  }
});
