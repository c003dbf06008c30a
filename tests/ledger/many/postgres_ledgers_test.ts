import { deepStrictEqual, equal, ok } from "node:assert/strict";
import postgres from "postgres";
import { openLedger, openLedgers } from "@triton/triton/checkpoint";
import { shard } from "../../checkpoint/contract.ts";
import { query } from "../../sql/postgres/support.ts";
import { startPostgres } from "../../support/postgres.ts";
import { fillGroup } from "../groups/group_rows.ts";
import { intent, lease, LONG_MS, newShard, range } from "../support.ts";
import { LEDGERS_CONTRACT } from "./contract.ts";

const STREAMS = Array.from({ length: 30 }, (_, n) => ({ client: "store", stream: `s${n}` }));

/** Tests that need a server; each gets an empty database, in order, on one server. */
const TESTS: Readonly<Record<string, (url: string) => Promise<void>>> = {
  ...Object.fromEntries(
    LEDGERS_CONTRACT.map(({ name, run }) => [name, (url) => run(() => openLedgers(url))]),
  ),

  async "30 streams at once take no more connections than are allowed"(url) {
    const watch = postgres(url, { max: 1, onnotice: () => {} });
    for (const connections of [2, 5]) {
      await using ledgers = await openLedgers(url, { connections });
      const worker = `w${connections}`;
      const work = async (key: typeof STREAMS[number]) => {
        const ledger = ledgers.of(key);
        await ledger.addShards([newShard(0)]);
        await ledger.acquire(shard(0), worker, 0);
        await ledgers.renew(worker, STREAMS, LONG_MS);
        await ledger.leave(worker);
      };
      let isDone = false;
      const done = Promise.all(STREAMS.map(work)).finally(() => isDone = true);
      let most = 0;
      while (!isDone) {
        const others = await watch`SELECT pid FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`;
        most = Math.max(most, others.length);
      }
      await done;
      equal(most, connections);
    }
    await watch.end();
  },

  async "a renewal waits for no other work of the process"(url) {
    await using ledgers = await openLedgers(url, { connections: 3 });
    const [busy, free] = STREAMS.map((key) => ledgers.of(key));
    await lease(busy!, "a", 1);
    await lease(free!, "b", 1);
    const other = postgres(url, { max: 1, onnotice: () => {} });
    let waiting: Promise<unknown>[] = [];
    await other.begin(async (sql) => {
      await sql`SELECT 1 FROM triton_shard WHERE stream = 's0' FOR UPDATE`;
      waiting = Array.from({ length: 8 }, () => busy!.release("a", [shard(0)]));
      for (let locked = 0; locked < 2;) {
        locked = (await query(
          url,
          `SELECT 1 FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )).length;
      }
      const [renewal] = await ledgers.renew("b", [STREAMS[1]!], LONG_MS);
      deepStrictEqual(renewal!.held, new Map([[shard(0), 1]]));
      deepStrictEqual((await free!.renew("b", LONG_MS)).held, new Map([[shard(0), 1]]));
    });
    await Promise.all(waiting);
    await other.end();
  },

  async "renewals of two processes, intents and expiry get along without a deadlock"(url) {
    const streams = STREAMS.slice(0, 6);
    await using a = await openLedgers(url);
    await using b = await openLedgers(url);
    for (const [index, key] of streams.entries()) {
      await lease(a.of(key), index % 2 ? "a" : "b", 4);
    }
    const renew = async (ledgers: typeof a, worker: string, keys: typeof streams) => {
      for (let round = 0; round < 40; round++) {
        const renewals = await ledgers.renew(worker, keys, LONG_MS);
        equal(renewals.reduce((sum, { held }) => sum + held.size, 0), 12);
        await ledgers.renew(`${worker}-gone`, keys, 0);
      }
    };
    const archive = async (key: typeof streams[number]) => {
      const ledger = b.of(key);
      for (let n = 0; n < 20; n++) {
        const ranges = [3, 1, 2, 0].map((id) =>
          range(id, 1, n === 0 ? undefined : String(n), String(n + 1))
        );
        const { stream } = key;
        const accepted = await ledger.intend({
          ...intent(`${stream}-${n}`, ...ranges),
          key: `20260101/${stream}-store-${n}.tri`,
        });
        equal(accepted.length, 4);
        equal(await ledger.commit(`${stream}-${n}`), "done");
      }
    };
    await Promise.all([
      renew(a, "a", streams),
      renew(b, "b", streams.toReversed()),
      ...streams.map(archive),
    ]);
    const [row] = await query(
      url,
      "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()",
    );
    equal(row!.deadlocks, 0);
  },

  async "processes that renew stream by stream share streams with those that renew all"(url) {
    await using ledgers = await openLedgers(url);
    await using alone = await openLedger(url, STREAMS[0]!);
    await lease(alone, "old", 2);
    await alone.release("old", [shard(1)]);
    await alone.renew("old", LONG_MS);
    const [renewal, other] = await ledgers.renew("new", STREAMS, LONG_MS);
    deepStrictEqual(renewal!.workers, ["new", "old"]);
    deepStrictEqual(other!.workers, ["new"]);
    const ledger = ledgers.of(STREAMS[0]!);
    equal(await ledger.acquire(shard(0), "new", LONG_MS), undefined);
    equal(await ledger.acquire(shard(1), "new", LONG_MS), 2);
    deepStrictEqual((await alone.renew("old", LONG_MS)).workers, ["new", "old"]);
    await ledger.leave("new");
    deepStrictEqual((await alone.renew("old", LONG_MS)).workers, ["old"]);
  },

  async "readGroups() uses the connections of the ledgers"(url) {
    await using ledgers = await openLedgers(url, { connections: 2 });
    await fillGroup(url);
    await Promise.all(STREAMS.map(() => ledgers.readGroups(["clicks", "views"])));
    const groups = await ledgers.readGroups(["views", "clicks"]);
    deepStrictEqual(groups?.map(({ client, stream }) => [client, stream]), [["billing", "clicks"]]);
    const sessions = await query(
      url,
      `SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    ok(sessions.length <= 2, `${sessions.length} connections`);
  },
};

Deno.test("PostgreSQL keeps the ledgers of many streams", async (t) => {
  await using server = await startPostgres();
  for (const [name, run] of Object.entries(TESTS)) {
    await t.step(`openLedgers() of PostgreSQL: ${name}`, async () => {
      await run(await server.createDatabase());
    });
  }
});
