/**
 * Members of a group that hang, die or lose answers at the worst moments.
 *
 * @module
 */

import { deepStrictEqual, equal, match, ok, rejects } from "node:assert/strict";
import type { Socket } from "node:net";
import pg from "pg";
import postgres, { type Sql, type TransactionSql } from "postgres";
import { systemClock } from "@triton/triton";
import { type GroupDatabase, openGroupDatabase } from "../../../src/shards/group/open_group.ts";
import { isPassing } from "../../../src/shards/group/passing.ts";
import { sessionName } from "../../../src/shards/group/sql/session_names.ts";
import { dial } from "../../../src/sql/postgres/dial.ts";
import { postgresSettings } from "../../../src/sql/postgres/settings.ts";
import { parsePostgresUrl } from "../../../src/sql/postgres/url.ts";
import { encodeMessage } from "../../../src/sql/postgres/wire.ts";
import { shard } from "../../checkpoint/contract.ts";
import { startPostgres } from "../../support/postgres.ts";
import { startTcpRelay } from "../../support/tcp_relay.ts";
import { EFFECT, openLeased, OPTIONS } from "./postgres_support.ts";
import { fence, LONG_MS, positionsOf } from "./support.ts";

/** A group with shard 0 of member `a`, and a connection of the test's own. */
interface Scene {
  readonly url: string;
  readonly sql: Sql;
  readonly group: GroupDatabase;
  effects(): Promise<string[]>;
}

const write = (tx: unknown, name: string) =>
  (tx as Sql)`INSERT INTO effect ${(tx as Sql)({ name })}`;

/** How a session can hang so that no time-out of every server ends it. */
const HANGS: Readonly<Record<string, (socket: Socket) => void>> = {
  "idle in its transaction": () => {},
  "in the middle of COPY": (socket) => socket.write(simple("COPY effect (name) FROM STDIN")),
  "with a result that nobody reads": (socket) => {
    socket.pause();
    socket.write(simple("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"));
  },
  "after Parse without Sync": (socket) =>
    socket.write(
      Buffer.concat([
        encodeMessage("P", "\0UPDATE effect SET name = $1\0\0\0"),
        encodeMessage("H"),
      ]),
    ),
  "in the middle of a message": (socket) => socket.write(simple("SELECT 1").subarray(0, 8)),
  "in a statement": (socket) => socket.write(simple("SELECT pg_sleep(600)")),
};

function simple(text: string): Uint8Array {
  return encodeMessage("Q", `${text}\0`);
}

/** Opens a session that is named as member `a`'s, holds the row of shard 0, and hangs. */
async function hang({ url, sql }: Scene, how: (socket: Socket) => void): Promise<Disposable> {
  const settings = postgresSettings(parsePostgresUrl(url), () => undefined);
  const { signal } = new AbortController();
  const { socket } = await dial(settings, { clock: systemClock, signal });
  const name = sessionName({ ...OPTIONS, schema: "public", shardId: shard(0) }, 1);
  socket.resume();
  socket.write(
    simple(`BEGIN; SELECT set_config('application_name', '${name}', true);
      SELECT FROM triton_group_shard FOR UPDATE`),
  );
  const holders = () =>
    sql`SELECT pid FROM pg_locks WHERE relation = 'triton_group_shard'::regclass
      AND mode = 'RowShareLock' AND pid <> pg_backend_pid()`;
  while ((await holders()).length === 0) await turn();
  how(socket);
  return { [Symbol.dispose]: () => void socket.destroy() };
}

const TESTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  ...Object.fromEntries(
    Object.entries(HANGS).map(([name, how]) => [
      `acquire() ends the session of an older owner that hangs ${name}`,
      async (scene: Scene) => {
        const { table } = scene.group;
        using _hanging = await hang(scene, how);
        await table.renew("b", LONG_MS);
        equal(await table.acquire(shard(0), "b", LONG_MS), undefined, "it is leased");
        equal(
          (await scene.sql`SELECT 1 FROM pg_stat_activity
          WHERE application_name LIKE 'triton-group %'`).length,
          1,
          "and its owner is alive",
        );
        await table.renew("a", 0);
        let epoch: number | undefined;
        while (epoch === undefined) epoch = await table.acquire(shard(0), "b", LONG_MS);
        equal(epoch, 2);
        const next = scene.group.effects.run(
          fence(undefined, "5", { worker: "b", epoch: 2 }),
          (tx) => write(tx, "b"),
        );
        equal(await next, "committed");
      },
    ]),
  ),

  async "acquire() ends a session that hangs, whatever strangers call theirs"(scene) {
    const { sql } = scene;
    const database = new URL(scene.url).pathname.slice(1);
    await sql.unsafe(
      `CREATE ROLE stranger LOGIN PASSWORD 'x'; CREATE ROLE member LOGIN PASSWORD 'x';
      GRANT CONNECT ON DATABASE ${database} TO stranger, member;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO member`,
    );
    const urlOf = (username: string) =>
      Object.assign(new URL(scene.url), { username, password: "x" }).href;
    const place = { ...OPTIONS, schema: "public", shardId: shard(0) };
    const names = [sessionName(place, 1), sessionName(place, 1).replace(" 1 ", " x ")];
    const strangers = names.map((name) =>
      postgres(urlOf("stranger"), { max: 1, connection: { application_name: name } })
    );
    for (const stranger of strangers) await stranger`SELECT 1`;
    using _hanging = await hang({ ...scene, url: urlOf("member") }, HANGS["in a statement"]!);
    await using group = await openGroupDatabase(urlOf("member"), OPTIONS);
    await group.table.renew("b", LONG_MS);
    await group.table.renew("a", 0);
    let epoch: number | undefined;
    for (let n = 0; n < 100 && epoch === undefined; n++) {
      epoch = await group.table.acquire(shard(0), "b", LONG_MS);
    }
    equal(epoch, 2);
    for (const stranger of strangers) await stranger`SELECT 1`;
    await Promise.all(strangers.map((stranger) => stranger.end()));
  },

  async "acquire() ends a session of the user's that hangs between commitIn() and COMMIT"(scene) {
    const { group: { table, effects }, sql, url } = scene;
    const user = new pg.Client(url);
    user.on("error", () => {}); // it is ended
    await user.connect();
    await user.query("BEGIN");
    await user.query("INSERT INTO effect (name) VALUES ('a')");
    await effects.commitIn(user, fence(undefined, "5"));
    await table.renew("b", LONG_MS);
    await table.renew("a", 0);
    let epoch: number | undefined;
    for (let n = 0; n < 100 && epoch === undefined; n++) {
      epoch = await table.acquire(shard(0), "b", LONG_MS);
    }
    equal(epoch, 2);
    await rejects(user.query("COMMIT"));
    equal((await sql`SELECT 1 FROM effect`).length, 0);
    await user.end().catch(() => {});
  },

  async "a session that is idle after commitIn() for longer than a lease is cut"({ url, sql }) {
    await using group = await openLeased(url, { client: "slow", leaseMs: 50 });
    const user = new pg.Client(url);
    const ended = new Promise((resolve) => user.on("error", resolve));
    await user.connect();
    await user.query("BEGIN");
    await user.query("INSERT INTO effect (name) VALUES ('a')");
    await group.effects.commitIn(user, fence(undefined, "5"));
    await ended;
    equal((await sql`SELECT 1 FROM effect`).length, 0);
    await user.end().catch(() => {});
  },

  async "a transaction of an older owner that has not moved its position yet is ended, too"(scene) {
    const { group: { table, effects } } = scene;
    const taken = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const old = effects.run(fence(undefined, "5"), async (tx) => {
      await write(tx, "a");
      begun.resolve();
      await taken.promise;
      await write(tx, "late");
    });
    await begun.promise;
    await table.renew("b", LONG_MS);
    await table.renew("a", 0);
    equal(await table.acquire(shard(0), "b", LONG_MS), 2);
    taken.resolve();
    equal(await old, "lost");
    deepStrictEqual(await scene.effects(), []);
  },

  async "a handler that is idle for longer than a lease is cut, and named as slow"({ url, sql }) {
    await using group = await openLeased(url, { client: "slow", leaseMs: 50 });
    const slow = group.effects.run(fence(undefined, "5"), async (tx) => {
      await write(tx, "a");
      await new Promise(() => {});
    });
    await rejects(slow, (error) => {
      match(`${error}`, /the handler is too slow: it has sent no statement for 0\.05 seconds/);
      ok(isPassing(error));
      return true;
    });
    equal((await sql`SELECT 1 FROM effect`).length, 0);
  },

  async "a statement that takes longer than it may is no failure that passes"({ group }) {
    const slow = group.effects.run(
      fence(undefined, "5"),
      (tx) => (tx as Sql)`SELECT pg_sleep(600)`,
      { maxMs: 50 },
    );
    await rejects(slow, (error) => {
      equal(isPassing(error), false, `${error}`);
      return true;
    });
  },

  async "a limit that is longer than any of the server's is none"({ group }) {
    const move = fence(undefined, "5");
    equal(await group.effects.run(move, (tx) => write(tx, "a"), { maxMs: 1e12 }), "committed");
  },

  async "renewing waits for no transaction, and breaks none"({ group: { table, effects } }) {
    for (const [n, isolation] of (["repeatable read", "serializable"] as const).entries()) {
      const previous = n === 0 ? undefined : "0";
      const outcome = await effects.run(fence(previous, `${n}`), async (tx) => {
        await write(tx, `${n}`);
        await (tx as Sql)`SELECT FROM triton_group_shard FOR UPDATE`;
        const { held } = await table.renew("a", LONG_MS);
        deepStrictEqual(held, new Map([[shard(0), 1]]));
      }, { isolation });
      equal(outcome, "committed");
    }
  },

  async "renewing does not wait for a member that hangs in a renewal, and has expired"(
    { sql, group: { table } },
  ) {
    await table.renew("a", 0);
    await sql.begin(async (tx) => {
      await tx`UPDATE triton_group_worker SET expires_ms = expires_ms + 1 WHERE worker = 'a'`;
      deepStrictEqual((await table.renew("b", LONG_MS)).workers, ["b"]);
    });
    await table.renew("b", LONG_MS);
    deepStrictEqual((await table.members()).map(({ worker }) => worker), ["b"]);
    equal((await sql`SELECT 1 FROM triton_group_worker`).length, 1, "it is deleted afterwards");
  },

  async "a retry while the first COMMIT is on its way waits for it, and is none"(scene) {
    const { sql, group: { effects } } = scene;
    let at = 0;
    for (const isolation of ["read committed", "repeatable read", "serializable"] as const) {
      const move = fence(at === 0 ? undefined : `${at}`, `${at + 1}`);
      let retried: Promise<string> | undefined;
      await sql.begin(async (tx) => {
        await write(tx, `${at}`);
        await effects.commitIn(tx, move);
        retried = effects.run(move, (tx) => write(tx, `again ${at}`), { isolation });
        while ((await sql`SELECT 1 FROM pg_locks WHERE NOT granted`).length === 0) await turn();
      });
      equal(await retried, "already", isolation);
      at++;
    }
    deepStrictEqual(await scene.effects(), ["0", "1", "2"]);
  },

  async "two shards that are committed together in opposite orders end in a conflict that passes"(
    { sql, group: { table, effects } },
  ) {
    await table.addShards([{ shardId: shard(1), parents: [], start: { type: "trim-horizon" } }]);
    equal(await table.acquire(shard(1), "a", LONG_MS), 1);
    const both = [fence(undefined, "5"), fence(undefined, "5", { shardId: shard(1) })] as const;
    const first = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const commit = (order: readonly (typeof both)[number][], n: number) =>
      sql.begin(async (tx) => {
        await effects.commitIn(tx, order[0]!);
        first[n]!.resolve();
        await first[1 - n]!.promise;
        await effects.commitIn(tx, order[1]!);
      });
    const results = await Promise.allSettled([commit(both, 0), commit([...both].reverse(), 1)]);
    const failed = results.filter((result) => result.status === "rejected");
    equal(failed.length, 1);
    ok(isPassing(failed[0]!.reason), `${failed[0]!.reason}`);
    deepStrictEqual(await positionsOf(table), { 0: "5", 1: "5" });
  },

  async "a connection that is lost while the driver asks for the types of arrays is a failure that passes"(
    scene,
  ) {
    await using relay = startTcpRelay(Number(new URL(scene.url).port));
    const url = Object.assign(new URL(scene.url), { port: `${relay.port}` }).href;
    for (const isGiven of [false, true]) {
      for (const isAnswer of [false, true]) {
        const pool = postgres(url, { max: 1, onnotice: () => {} });
        const name = `${isGiven} ${isAnswer}`;
        await using group = await openLeased(isGiven ? { sql: pool } : url, { client: name });
        const asking = new Set<number>();
        relay.cutWhere(({ bytes, isAnswer: isBack, connection }) => {
          if (!isBack && Buffer.from(bytes).includes("typarray")) asking.add(connection);
          if (!asking.has(connection) || isBack !== isAnswer) return undefined;
          relay.cutWhere(() => undefined);
          return "before";
        });
        const attempt = () => group.effects.run(fence(undefined, "5"), (tx) => write(tx, name));
        await rejects(attempt(), (error) => isPassing(error));
        equal(asking.size, 1);
        equal(await attempt(), "committed");
        await pool.end({ timeout: 0 });
      }
    }
    equal((await scene.effects()).length, 4);
  },

  async "a connection that is cut anywhere, in either direction, commits a batch once"(scene) {
    const { port } = new URL(scene.url);
    await using relay = startTcpRelay(Number(port));
    const url = Object.assign(new URL(scene.url), { port: `${relay.port}` }).href;
    for (const isGiven of [false, true]) {
      const pool = postgres(url, { max: 1, onnotice: () => {} });
      await using group = await openLeased(isGiven ? { sql: pool } : url, {
        client: isGiven ? "cut pool" : "cut",
      });
      await scene.sql`TRUNCATE effect`;
      const expected: string[] = [];
      for (const how of ["before", "inside", "after"] as const) {
        for (let n = 0, isOver = false; !isOver; n++) {
          const last = `${expected.length + 1}`;
          const move = fence(expected.at(-1), last);
          relay.cutAt(n, how);
          const attempt = () =>
            group.effects.run(move, async (tx) => {
              await write(tx, last);
              await (tx as TransactionSql).savepoint((part) => part`SELECT 1`);
            });
          ok(await untilPassed(attempt) !== "lost");
          expected.push(last);
          isOver = relay.isArmed;
        }
      }
      relay.cutAt(-1, "before");
      ok(expected.length > 30, `${expected.length} cuts`);
      deepStrictEqual(await scene.effects(), expected);
      await pool.end({ timeout: 0 });
    }
  },
};

/** Repeats an attempt until it does not fail. */
async function untilPassed<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      ok(isPassing(error), `${error}`);
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

Deno.test("a group in PostgreSQL under attack", async (t) => {
  await using server = await startPostgres();
  for (const [name, test] of Object.entries(TESTS)) {
    await t.step(name, async () => {
      const url = await server.createDatabase();
      const sql = postgres(url, { max: 6, onnotice: () => {} });
      await sql.unsafe(EFFECT);
      await using group = await openLeased(url);
      const effects = async () =>
        (await sql`SELECT name FROM effect ORDER BY at`).map(({ name }) => name);
      await test({ url, sql, group, effects });
      await sql.end();
    });
  }
});
