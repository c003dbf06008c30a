import { deepStrictEqual, equal, rejects } from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openCheckpointer, openLedger, openLedgers } from "@triton/triton/checkpoint";
import { MemoryLedgers } from "@triton/triton/testing";
import { renewAll } from "../../../src/shards/table/sql_leases.ts";
import { prepareCheckpoints } from "../../../src/sql/schema/checkpoints.ts";
import { LEDGER } from "../../../src/sql/schema/ledger.ts";
import { prepareTables } from "../../../src/sql/schema/versions.ts";
import { SqliteBackend } from "../../../src/sql/sqlite/backend.ts";
import type { Row, Steps } from "../../../src/sql/steps.ts";
import { positions, shard } from "../../checkpoint/contract.ts";
import { LEDGER_CONTRACT } from "../contract.ts";
import { lease, LONG_MS } from "../support.ts";
import { LEDGERS_CONTRACT } from "./contract.ts";
import { fillGroup } from "../groups/group_rows.ts";

const CLICKS = { client: "store", stream: "clicks" };

/** Runs a test with the URL of a file of its own. */
async function withUrl(run: (url: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "triton-ledgers-" });
  try {
    await run(`sqlite://${join(directory, "triton.db")}`);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

for (const { name, run } of LEDGERS_CONTRACT) {
  Deno.test(`MemoryLedgers: ${name}`, () => {
    const ledgers = new MemoryLedgers();
    return run(() => Promise.resolve(ledgers));
  });
  Deno.test(`openLedgers() of a SQLite file: ${name}`, () =>
    withUrl((url) => run(() => openLedgers(url))));
}

for (const { name, run } of LEDGER_CONTRACT) {
  Deno.test(`Ledgers.of() of a SQLite file: ${name}`, () =>
    withUrl(async (url) => {
      await using stack = new AsyncDisposableStack();
      await run({
        async open(options = {}) {
          const ledgers = stack.use(await openLedgers(url));
          return ledgers.of({ ...CLICKS, ...options });
        },
        async save(checkpoints) {
          await using checkpointer = await openCheckpointer(url, { client: "store" });
          await checkpointer.save("clicks", positions(checkpoints));
        },
        pass: () => Promise.resolve(),
      });
    }));
}

Deno.test("openLedgers() of SQLite in memory, and of an open database, which stays open", async () => {
  await using ledgers = await openLedgers("sqlite::memory:");
  await lease(ledgers.of(CLICKS), "a", 1);
  equal((await ledgers.of(CLICKS).shards())[0]?.owner, "a");
  const database = new DatabaseSync(":memory:");
  await using other = await openLedgers(database);
  await lease(other.of(CLICKS), "a", 1);
  await other[Symbol.asyncDispose]();
  equal(database.prepare("SELECT owner FROM triton_shard").get()!.owner, "a");
  database.close();
});

Deno.test("openLedgers() of the URL memory: has ledgers of its own each time", async () => {
  await using one = await openLedgers("memory:");
  await using two = await openLedgers("memory:");
  await lease(one.of(CLICKS), "a", 1);
  equal((await one.of(CLICKS).shards()).length, 1);
  equal((await two.of(CLICKS).shards()).length, 0);
});

Deno.test("openLedgers() refuses fewer than two connections, and what names no database", async () => {
  for (const connections of [1, 0, -1, 2.5, NaN, Infinity]) {
    await rejects(openLedgers("memory:", { connections }), {
      name: "RangeError",
      message: `Cannot use ${connections} connections: at least 2 are needed`,
    });
  }
  await rejects(openLedgers("mysql://localhost"), { code: "InvalidUrl" });
});

Deno.test("Ledgers and openLedger() share leases", () =>
  withUrl(async (url) => {
    await using ledgers = await openLedgers(url);
    await using alone = await openLedger(url, CLICKS);
    await lease(alone, "a", 1);
    equal(await ledgers.of(CLICKS).acquire(shard(0), "b", LONG_MS), undefined);
    const [renewal] = await ledgers.renew("b", [CLICKS], LONG_MS);
    deepStrictEqual((await alone.renew("a", LONG_MS)).workers, ["a", ...renewal!.workers]);
  }));

Deno.test("Ledgers.readGroups() reads the groups of these streams", () =>
  withUrl(async (url) => {
    await using ledgers = await openLedgers(url);
    await fillGroup(url);
    await fillGroup(url, { client: "audit", stream: "views" });
    const named = async (...streams: string[]) =>
      (await ledgers.readGroups(streams))?.map(({ client, stream }) => [client, stream]);
    deepStrictEqual(await named("clicks"), [["billing", "clicks"]]);
    deepStrictEqual(await named("views", "clicks", "others"), [
      ["audit", "views"],
      ["billing", "clicks"],
    ]);
    deepStrictEqual(await named("others"), []);
  }));

Deno.test("renewAll() takes as many statements for 300 streams as for one", async () => {
  const database = new SqliteBackend(new DatabaseSync(":memory:"));
  await prepareCheckpoints(database);
  await prepareTables(database, [LEDGER]);
  const statementsOf = async (count: number) => {
    const streams = Array.from({ length: count }, (_, n) => ({ client: "c", stream: `s${n}` }));
    let statements = 0;
    function* counted<T>(steps: Steps<T>): Steps<T> {
      let step = steps.next();
      for (; !step.done; statements++) step = steps.next((yield step.value) as Row[]);
      return step.value;
    }
    // Of those that have expired, too: they are deleted.
    await database.transact("", () => renewAll(database.dialect, "gone", streams, 0));
    const renewals = await database.transact(
      "",
      () => counted(renewAll(database.dialect, "a", streams, LONG_MS)),
    );
    deepStrictEqual(renewals.map(({ workers }) => workers), streams.map(() => ["a"]));
    return statements;
  };
  equal(await statementsOf(300), await statementsOf(1));
});
