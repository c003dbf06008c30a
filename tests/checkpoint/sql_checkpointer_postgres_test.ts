import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import postgres from "postgres";
import { VirtualClock } from "@triton/triton";
import { retry } from "../../src/base/retry.ts";
import { CheckpointError, openCheckpointer } from "@triton/triton/checkpoint";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { CONTRACT, loadAll, positions, shard } from "./contract.ts";
import { GO_TRITON_ROWS, GO_TRITON_TABLE, OLDEST_ROWS, OLDEST_TABLE } from "./go_triton.ts";
import { killWhileSaving, openTogether, openWith } from "./processes.ts";
import { impatient, query } from "../sql/postgres/support.ts";

/** The URL with something else in it. */
function changed(
  url: string,
  parts: Partial<Record<"username" | "password" | "pathname" | "port", string>>,
) {
  return Object.assign(new URL(url), parts).href;
}

/** What opening a database fails with. */
async function openingFails(url: string): Promise<CheckpointError> {
  try {
    await using _ = await openCheckpointer(url, { client: "c" });
  } catch (error) {
    ok(error instanceof CheckpointError, `${error}`);
    return error;
  }
  throw new Error("the database was opened");
}

/** Tests that need a server; each gets an empty database, in order, on one server. */
const TESTS: Readonly<Record<string, (url: string, server: PostgresServer) => Promise<void>>> = {
  async "SqlCheckpointer on PostgreSQL takes over a database of go-triton"(url) {
    await query(url, GO_TRITON_TABLE, GO_TRITON_ROWS);
    const clock = new VirtualClock({ now: 1_436_553_600_000 });
    await using checkpointer = await openCheckpointer(url, { client: "store", clock });
    deepStrictEqual(
      (await checkpointer.list()).map((row) => [row.shardId, row.sequenceNumber, +row.updatedAt]),
      [
        [shard(0), "49545115243490985018280067714973144582180062593244200961", 1_436_553_581_000],
        [shard(1), "7", 1_436_553_582_000],
      ],
    );
    await checkpointer.save("user_activity_prod", positions({ 1: "9" }));
    deepStrictEqual(
      await query(url, "SELECT seq_num, updated FROM triton_checkpoint WHERE shard LIKE '%1'"),
      [{ seq_num: "9", updated: 1_436_553_600 }],
    );
  },

  async "SqlCheckpointer on PostgreSQL takes over the oldest database of go-triton"(url) {
    await query(url, OLDEST_TABLE, OLDEST_ROWS.replace("NULL", "''"));
    await using checkpointer = await openCheckpointer(url, { client: "store" });
    deepStrictEqual(await loadAll(checkpointer, "s", 2), ["41", undefined]);
    equal((await checkpointer.list())[0]?.updatedAt.getTime(), 0);
    await checkpointer.save("s", positions({ 0: "42" }));
    equal(await checkpointer.load("s", shard(0)), "42");
  },

  async "SqlCheckpointer on PostgreSQL creates the table that go-triton creates"(url, server) {
    const theirs = await server.createDatabase();
    await query(theirs, GO_TRITON_TABLE);
    await (await openCheckpointer(url, { client: "c" }))[Symbol.asyncDispose]();
    const columns = `SELECT attname, format_type(atttypid, atttypmod), attnotnull
      FROM pg_attribute WHERE attrelid = 'triton_checkpoint'::regclass AND attnum > 0`;
    deepStrictEqual(await query(url, columns), await query(theirs, columns));
  },

  async "SqlCheckpointer.save() saves all positions or none"(url) {
    await using checkpointer = await openCheckpointer(url, { client: "c" });
    await checkpointer.save("s", positions({ 0: "1" }));
    const broken = positions({ 0: "2", 1: "9".repeat(256) });
    await rejects(checkpointer.save("s", broken), {
      name: "CheckpointError",
      code: "22001",
      retryable: false,
      message:
        'Cannot save positions of stream "s": value too long for type character varying(255)',
    });
    deepStrictEqual(await loadAll(checkpointer, "s", 2), ["1", undefined]);
  },

  async "SqlCheckpointer.save() survives a kill"(url) {
    await killWhileSaving(url);
  },

  async "openCheckpointer() of a new database in several processes at once"(url) {
    await openTogether(url);
  },

  async "openCheckpointer() of new and of oldest databases on many connections at once"(
    url,
    server,
  ) {
    const oldest = await server.createDatabase();
    await query(oldest, OLDEST_TABLE);
    const opened = await Promise.all(
      Array.from(
        { length: 16 },
        (_, n) => openCheckpointer(n % 2 ? url : oldest, { client: `c${n}` }),
      ),
    );
    for (const checkpointer of opened) {
      await checkpointer.save("s", positions({ 0: "1" }));
      await checkpointer[Symbol.asyncDispose]();
    }
    deepStrictEqual(await query(url, "SELECT count(*)::int FROM triton_checkpoint"), [{
      count: 8,
    }]);
  },

  async "SqlCheckpointer on PostgreSQL needs no right to create what is there"(url) {
    await (await openCheckpointer(url, { client: "c" }))[Symbol.asyncDispose]();
    await query(
      url,
      "CREATE ROLE reader LOGIN PASSWORD 'r'",
      "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
      "GRANT SELECT ON triton_checkpoint TO reader",
    );
    const asReader = changed(url, { username: "reader", password: "r" });
    await using checkpointer = await openCheckpointer(asReader, { client: "c" });
    deepStrictEqual(await checkpointer.list(), []);
    await rejects(checkpointer.save("s", positions({ 0: "1" })), {
      code: "42501",
      retryable: false,
      message: /permission denied for table triton_checkpoint$/,
    });
  },

  async "SqlCheckpointer on PostgreSQL keeps to the search path"(url) {
    await query(url, "CREATE SCHEMA mine", GO_TRITON_TABLE, GO_TRITON_ROWS);
    await using checkpointer = await openCheckpointer(`${url}?search_path=mine`, {
      client: "store",
    });
    deepStrictEqual(await checkpointer.list(), []);
    await checkpointer.save("s", positions({ 0: "1" }));
    deepStrictEqual(await query(url, "SELECT stream FROM mine.triton_checkpoint"), [{
      stream: "s",
    }]);
  },

  async "SqlCheckpointer on PostgreSQL leaves open what it was given"(url) {
    const sql = postgres(url, { max: 1, onnotice: () => {} });
    const checkpointer = await openCheckpointer(sql, { client: "c" });
    await checkpointer.save("s", positions({ 0: "1" }));
    await checkpointer[Symbol.asyncDispose]();
    deepStrictEqual([...await sql`SELECT seq_num FROM triton_checkpoint`], [{ seq_num: "1" }]);
    await sql.end();
    await rejects(checkpointer.load("s", shard(0)), { code: "Closed", retryable: false });
  },

  async "openCheckpointer() ends its connections when it is disposed of"(url) {
    const checkpointer = await openCheckpointer(url, { client: "c" });
    await checkpointer[Symbol.asyncDispose]();
    await rejects(checkpointer.list(), { code: "Closed", retryable: false });
  },

  async "openCheckpointer() connects through a socket"(url, server) {
    const { pathname, username, password } = new URL(url);
    const login = `${username}:${password}`;
    const { directory, port } = server;
    for (
      const local of [
        `postgres://${login}@${pathname}?host=${directory}&port=${port}`,
        `postgresql://${login}@${encodeURIComponent(directory)}:${port}${pathname}`,
      ]
    ) {
      await using checkpointer = await openCheckpointer(local, { client: "c" });
      await checkpointer.save("s", positions({ 0: "1" }));
      equal(await checkpointer.load("s", shard(0)), "1");
    }
  },

  async "openCheckpointer() takes what the URL leaves out from the environment"(url, server) {
    const env = {
      PGHOST: "127.0.0.1",
      PGPORT: `${server.port}`,
      PGUSER: new URL(url).username,
      PGPASSWORD: server.password,
      PGDATABASE: new URL(url).pathname.slice(1),
    };
    equal(await openWith("postgres://", env), "open\n");
    equal(await openWith(`postgres://127.0.0.1/${env.PGDATABASE}`, env), "open\n");
    const tables = "SELECT count(*)::int FROM pg_tables WHERE tablename = 'triton_checkpoint'";
    deepStrictEqual(await query(url, tables), [{ count: 1 }]);
  },

  async "openCheckpointer() tries each of several hosts"(url, server) {
    using closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const dead = closed.addr.port;
    closed.close();
    const several = url.replace(`127.0.0.1:${server.port}`, (good) => `127.0.0.1:${dead},${good}`);
    await using checkpointer = await openCheckpointer(several, { client: "c" });
    deepStrictEqual(await checkpointer.list(), []);
  },

  async "openCheckpointer() with a wrong password or name fails for good"(url, server) {
    const wrong = "wr0ng-s3cret";
    const password = await openingFails(changed(url, { password: wrong }));
    deepStrictEqual([password.code, password.retryable], ["28P01", false]);
    match(
      password.message,
      /^Cannot open the checkpoint database postgres:\/\/triton@127\.0\.0\.1:\d+\/test_\d+: password authentication failed for user "triton"$/,
    );
    ok(!Deno.inspect(password, { depth: 10 }).includes(wrong));
    const database = await openingFails(changed(url, { pathname: "/none" }));
    deepStrictEqual([database.code, database.retryable], ["3D000", false]);
    ok(!Deno.inspect(database, { depth: 10 }).includes(server.password));
    const parameter = await openingFails(`${url}?no_such_parameter=1`);
    deepStrictEqual([parameter.code, parameter.retryable], ["InvalidUrl", false]);
  },

  async "SqlCheckpointer on PostgreSQL reconnects to a server that was started again"(url, server) {
    await using checkpointer = await openCheckpointer(url, { client: "c" });
    await checkpointer.save("s", positions({ 0: "1" }));
    await server.stop();
    for (const call of [() => checkpointer.load("s", shard(0)), () => checkpointer.list()]) {
      await rejects(call(), (error: CheckpointError) => {
        ok(error instanceof CheckpointError && error.retryable, `${error.code} ${error.message}`);
        return !Deno.inspect(error, { depth: 10 }).includes(server.password);
      });
    }
    const gone = await openingFails(url);
    deepStrictEqual([gone.code, gone.retryable], ["ECONNREFUSED", true]);
    ok(!Deno.inspect(gone, { depth: 10 }).includes(server.password));
    // Retried from before the server is back until after.
    const saved = retry(() => checkpointer.save("s", positions({ 0: "2" })), { clock: impatient });
    await server.start();
    await saved;
    equal(await checkpointer.load("s", shard(0)), "2");
  },

  async "SqlCheckpointer.save() on a session that was cut off can be tried again"(url) {
    // Whether a call finds the connection gone or fails with it is up to the moment.
    await using checkpointer = await openCheckpointer(url, { client: "c" });
    for (const value of ["1", "2", "3", "4"]) {
      await retry(() => checkpointer.save("s", positions({ 0: value })), { clock: impatient });
      await query(
        url,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'triton' AND datname = current_database()`,
      );
    }
    const load = () => checkpointer.load("s", shard(0));
    equal(await retry(load, { clock: impatient }), "4");
  },
};

for (
  const [parameters, seconds, expected] of [
    ["", 10, ["CONNECT_TIMEOUT", "the server did not take the connection within 10 seconds"]],
    ["?connect_timeout=3", 3, [
      "CONNECT_TIMEOUT",
      "the server did not take the connection within 3 seconds",
    ]],
    ["?connect_timeout=0", 30, ["Timeout", "no answer for 30 seconds"]],
  ] as const
) {
  Deno.test(`openCheckpointer() of a server that is silent ends, ${parameters || "by default"}`, async () => {
    using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const clock = new VirtualClock();
    const place = `127.0.0.1:${silent.addr.port}/db`;
    const url = `postgres://u:secret@${place}${parameters}`;
    const [code, why] = expected;
    const opened = rejects(openCheckpointer(url, { client: "c", clock }), {
      name: "CheckpointError",
      code,
      retryable: true,
      message: `Cannot open the checkpoint database postgres://u@${place}: ${why}`,
    });
    using _connection = await silent.accept();
    await clock.advance(seconds * 1000);
    await opened;
  });
}

Deno.test("PostgreSQL", async (t) => {
  await using server = await startPostgres();
  for (const { name, run } of CONTRACT) {
    await t.step(`SqlCheckpointer on PostgreSQL: ${name}`, async () => {
      const url = await server.createDatabase();
      await run({
        open: ({ client = "client", clock } = {}) => openCheckpointer(url, { client, clock }),
      });
    });
  }
  for (const [name, run] of Object.entries(TESTS)) {
    await t.step(name, async () => await run(await server.createDatabase(), server));
  }
});
