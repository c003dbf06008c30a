import { deepStrictEqual, equal, match, rejects } from "node:assert/strict";
import { Socket } from "node:net";
import { join } from "node:path";
import {
  type CheckpointError,
  openCheckpointer,
  openLedger,
  readLedger,
} from "@triton/triton/checkpoint";
import { type Clock, systemClock } from "../../../src/base/clock.ts";
import { postgresConnector } from "../../../src/sql/postgres/session.ts";
import { parsePostgresUrl } from "../../../src/sql/postgres/url.ts";
import { startPgBouncer } from "../../support/pgbouncer.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { positions, shard } from "../../checkpoint/contract.ts";
import { intent, lease, range } from "../../ledger/support.ts";
import { query } from "./support.ts";

type Env = Readonly<Record<string, string>>;

/** A primary, a standby, and ports on which nobody listens. */
interface Place {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  readonly dead: number;
  readonly directory: string;
}

/** Connects with an address after the user's name, and returns the server's port. */
async function connect(rest: string, env: Env = {}, clock: Clock = systemClock): Promise<number> {
  const address = parsePostgresUrl(`postgres://triton@${rest}`);
  const { connect } = await postgresConnector(address, (name) => env[name]);
  const session = await connect({ clock, signal: new AbortController().signal });
  try {
    const [row] = await session.sql.unsafe("SELECT current_setting('port')::int AS port");
    return row!.port;
  } finally {
    await session.end();
  }
}

function fails(rest: string, env: Env, message: RegExp): Promise<void> {
  return rejects(connect(rest, env), (error: Error) => {
    match(error.message, message);
    return true;
  });
}

const TESTS: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  async "several hosts are tried in turn, but a refused user is not passed on"(place) {
    const { primary, standby, dead } = place;
    const env = { PGPASSWORD: primary.password, PGDATABASE: "postgres" };
    const at = (...ports: number[]) => ports.map((port) => `127.0.0.1:${port}`).join(",");
    equal(await connect(at(dead, primary.port), env), primary.port);
    equal(await connect(at(standby.port, primary.port), env), standby.port);
    equal(
      await connect(`127.0.0.1,127.0.0.1/?port=${dead},${primary.port}`, env),
      primary.port,
    );
    equal(
      await connect("", { ...env, PGHOST: "127.0.0.1", PGPORT: `${primary.port}` }),
      primary.port,
    );
    equal(await connect(`nowhere.invalid:1,127.0.0.1:${primary.port}`, env), primary.port);
    equal(
      await connect(`/?host=${place.directory},${primary.directory}&port=${primary.port}`, env),
      primary.port,
    );
    await fails(
      at(primary.port, standby.port),
      { ...env, PGPASSWORD: "wrong" },
      /^password authentication failed/,
    );
    await fails(
      at(dead, dead - 1),
      env,
      new RegExp(`^127\\.0\\.0\\.1:${dead}: .*; 127\\.0\\.0\\.1:`),
    );
  },

  async "target_session_attrs chooses among the hosts"({ primary, standby, dead }) {
    const hosts = [dead, standby.port, primary.port].map((port) => `127.0.0.1:${port}`).join(",");
    const env = { PGPASSWORD: primary.password, PGDATABASE: "postgres" };
    const expected: Readonly<Record<string, number>> = {
      "any": standby.port,
      "read-write": primary.port,
      "read-only": standby.port,
      "primary": primary.port,
      "standby": standby.port,
      "prefer-standby": standby.port,
    };
    for (const [attributes, port] of Object.entries(expected)) {
      equal(await connect(`${hosts}/?target_session_attrs=${attributes}`, env), port, attributes);
      equal(await connect(hosts, { ...env, PGTARGETSESSIONATTRS: attributes }), port, attributes);
    }
    const only = `127.0.0.1:${primary.port}`;
    equal(await connect(`${only}/?target_session_attrs=prefer-standby`, env), primary.port);
    await fails(
      `${only}/?target_session_attrs=standby`,
      env,
      /^the server is a primary, but target_session_attrs asks for standby$/,
    );
    await query(
      primary.url,
      "CREATE DATABASE quiet",
      "ALTER DATABASE quiet SET default_transaction_read_only = on",
    );
    const quiet = { ...env, PGDATABASE: "quiet" };
    equal(await connect(`${only}/?target_session_attrs=read-only`, quiet), primary.port);
    equal(await connect(`${only}/?target_session_attrs=primary`, quiet), primary.port);
    await fails(`${only}/?target_session_attrs=read-write`, quiet, /^the server is read-only, but/);
  },

  async "load_balance_hosts=random changes the order"({ primary, standby }) {
    const hosts = `127.0.0.1:${primary.port},127.0.0.1:${standby.port}`;
    const env = {
      PGPASSWORD: primary.password,
      PGDATABASE: "postgres",
      PGLOADBALANCEHOSTS: "random",
    };
    const numbers = [0.9, 0.1];
    const clock = {
      ...systemClock,
      sleep: systemClock.sleep,
      now: systemClock.now,
      random: () => numbers.shift()!,
    };
    equal(await connect(hosts, env, clock), standby.port);
  },

  async "a standby is reported, and passed over with target_session_attrs=read-write"(
    { primary, standby },
  ) {
    const login = `triton:${encodeURIComponent(primary.password)}`;
    const both = `postgres://${login}@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres`;
    const options = { client: "store", stream: "clicks" };
    await rejects(openLedger(both, options), (error: CheckpointError) => {
      match(error.message, /takes no writes: it is a standby.*add target_session_attrs=read-write/);
      return error.retryable;
    });
    await using ledger = await openLedger(`${both}?target_session_attrs=read-write`, options);
    await lease(ledger, "a", 1);
    // What only reads may read a standby.
    deepStrictEqual((await readLedger(standby.url)).shards, []);
    const alone =
      `postgres://${login}@127.0.0.1:${standby.port}/postgres?target_session_attrs=primary`;
    await rejects(openCheckpointer(alone, { client: "c" }), {
      code: "WRONG_SERVER",
      retryable: true,
      message: /the server is a standby, but target_session_attrs asks for primary$/,
    });
  },

  async "passwords are found in .pgpass, PGPASSFILE or passfile"({ primary, directory }) {
    const escaped = primary.password.replace(/[:\\]/g, "\\$&");
    const { port } = primary;
    const write = async (name: string, lines: string[], mode = 0o600) => {
      await Deno.writeTextFile(join(directory, name), lines.join("\n"), { mode });
      await Deno.chmod(join(directory, name), mode);
      return join(directory, name);
    };
    const home = { HOME: directory, PGDATABASE: "postgres" };
    const host = `127.0.0.1:${port}`;
    const missing = /^the server asks for a password: give it in the address, by PGPASSWORD, or in/;
    await fails(host, home, missing);
    await write(".pgpass", [
      "# 127.0.0.1:*:*:*:comment",
      "too:short",
      `127.0.0.1:${port}:other:triton:wrong`,
      `127.0.0.1:${port}:*:somebody:wrong`,
      `127.0.0.1:${port + 1}:*:triton:wrong`,
      `\\127.0.0.1:${port}:postgres:triton:${escaped}`,
      "*:*:*:*:later",
    ]);
    equal(await connect(host, home), port);
    await fails(`localhost:${port}`, home, /^password authentication failed/);
    const any = await write("any", [`*:*:*:*:${escaped}:more\r`]);
    equal(await connect(host, { ...home, PGPASSFILE: any }), port);
    equal(await connect(`${host}/?passfile=${encodeURIComponent(any)}`, home), port);
    const local = await write("local", [`localhost:${port}:*:*:${escaped}`]);
    equal(
      await connect(`/?host=${primary.directory}&port=${port}`, { ...home, PGPASSFILE: local }),
      port,
    );
    await fails(host, { ...home, PGPASSFILE: "/nowhere" }, missing);
    const open = await write("open", [`*:*:*:*:${escaped}`], 0o644);
    await fails(
      host,
      { ...home, PGPASSFILE: open },
      /can be read by others, so it is not used: chmod 600 it$/,
    );
    // One that is given comes first.
    equal(await connect(host, { ...home, PGPASSFILE: open, PGPASSWORD: primary.password }), port);
  },

  async "keepalives are set as the address says"({ primary }) {
    const env = { PGPASSWORD: primary.password, PGDATABASE: "postgres" };
    const { setKeepAlive } = Socket.prototype;
    const set: unknown[] = [];
    Socket.prototype.setKeepAlive = function (...values) {
      set.push(values);
      return setKeepAlive.apply(this, values);
    };
    try {
      for (
        const rest of [
          "",
          "?keepalives_idle=7",
          "?keepalives=0",
          "?keepalives_interval=3&keepalives_count=2&tcp_user_timeout=1",
        ]
      ) {
        await connect(`127.0.0.1:${primary.port}/${rest}`, env);
      }
    } finally {
      Socket.prototype.setKeepAlive = setKeepAlive;
    }
    deepStrictEqual(set, [[true, 60_000], [true, 7_000], [false, 60_000], [true, 60_000]]);
  },

  async "application_name and options reach the server"({ primary }) {
    const address = `postgres://triton@127.0.0.1:${primary.port}/postgres`;
    const read = async (parameters: string, env: Env = {}) => {
      const variables: Env = { PGPASSWORD: primary.password, ...env };
      const { connect } = await postgresConnector(
        parsePostgresUrl(address + parameters),
        (name) => variables[name],
      );
      const session = await connect({ clock: systemClock, signal: new AbortController().signal });
      const [row] = await session.sql.unsafe(
        "SELECT current_setting('application_name') AS name, current_setting('work_mem') AS memory",
      );
      await session.end();
      return [row!.name, row!.memory];
    };
    deepStrictEqual(await read(""), ["triton", "4MB"]);
    deepStrictEqual(await read("?application_name=a&options=-c%20work_mem%3D5MB"), ["a", "5MB"]);
    deepStrictEqual(await read("?fallback_application_name=f"), ["f", "4MB"]);
    const env = { PGAPPNAME: "e", PGOPTIONS: "-c work_mem=6MB", PGSSLMODE: "disable" };
    deepStrictEqual(await read("?fallback_application_name=f", env), ["e", "6MB"]);
  },

  async "defaults of the database do not matter to the ledger"({ primary }) {
    const url = await primary.createDatabase();
    const name = new URL(url).pathname.slice(1);
    await query(
      primary.url,
      `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`,
      `ALTER DATABASE ${name} SET default_transaction_deferrable = on`,
    );
    await using ledger = await openLedger(url, { client: "store", stream: "clicks" });
    await lease(ledger, "a", 1);
    await query(primary.url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await using quiet = await openLedger(url, { client: "store", stream: "clicks" });
    deepStrictEqual(await quiet.intend(intent("i", range(0, 1, undefined, "5"))), [shard(0)]);
    equal(await quiet.commit("i"), "done");
    // A consumer's single statements are told.
    await using checkpointer = await openCheckpointer(url, { client: "billing" });
    await rejects(checkpointer.save("s", positions({ 0: "1" })), {
      code: "25006",
      retryable: true,
    });
  },

  async "SqlCheckpointer.save() is repeated after a serialization failure"({ primary }) {
    const url = await primary.createDatabase();
    const name = new URL(url).pathname.slice(1);
    await query(
      primary.url,
      `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`,
    );
    const all = await Promise.all(
      Array.from({ length: 6 }, () => openCheckpointer(url, { client: "c" })),
    );
    for (let n = 1; n <= 10; n++) {
      await Promise.all(all.map((one) => one.save("s", positions({ 0: `${n}`, 1: `${n}` }))));
    }
    equal(await all[0]!.load("s", shard(1)), "10");
    for (const one of all) await one[Symbol.asyncDispose]();
  },

  async "PgBouncer in transaction mode serves, in statement mode it is named"({ primary }) {
    const url = await primary.createDatabase();
    const options = { client: "store", stream: "clicks" };
    {
      await using bouncer = await startPgBouncer(primary, "transaction");
      const through = Object.assign(new URL(url), { port: `${bouncer.port}` }).href;
      await using ledger = await openLedger(through, options);
      await lease(ledger, "a", 1);
      await ledger.intend(intent("i", range(0, 1, undefined, "5")));
      equal(await ledger.commit("i"), "done");
      await rejects(openLedger(`${through}?options=-c%20work_mem%3D4MB`, options), {
        retryable: false,
        message: /unsupported startup parameter: options \(this is PgBouncer: /,
      });
    }
    await using bouncer = await startPgBouncer(primary, "statement");
    const through = Object.assign(new URL(url), { port: `${bouncer.port}` }).href;
    await rejects(openLedger(through, options), {
      code: "08P01",
      retryable: false,
      message: /\(this is PgBouncer with pool_mode = statement, .* set pool_mode = transaction for/,
    });
    await using checkpointer = await openCheckpointer(through, { client: "billing" });
    await checkpointer.save("s", positions({ 0: "1" }));
    equal(await checkpointer.load("s", shard(0)), "1");
  },
};

async function makeStandby(): Promise<PostgresServer> {
  const server = await startPostgres();
  await server.stop();
  await Deno.writeTextFile(join(server.directory, "data", "standby.signal"), "");
  await server.start();
  return server;
}

Deno.test("PostgreSQL is found as libpq would", async (t) => {
  await using primary = await startPostgres();
  await using standby = await makeStandby();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dead = listener.addr.port;
  listener.close();
  const directory = await Deno.makeTempDir();
  const place = { primary, standby, dead, directory };
  for (const [name, run] of Object.entries(TESTS)) await t.step(name, async () => await run(place));
  await Deno.remove(directory, { recursive: true });
});
