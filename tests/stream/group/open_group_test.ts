import { deepEqual, equal, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { MemoryKinesis } from "../../../src/kinesis/mod.ts";
import { openGroupDatabase } from "../../../src/shards/group/open_group.ts";
import { openCheckpointer } from "../../../src/exports/checkpoint.ts";
import { Group, type GroupOptions, openGroup, StreamReader } from "../../../src/stream/mod.ts";
import { putEvents } from "../../../src/testing/mod.ts";

const STREAM = "orders";

/** A folder, and a database in it with a table for effects. */
async function setUp() {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/group.db`;
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE sales (n INTEGER PRIMARY KEY)");
  const kinesis = new MemoryKinesis();
  kinesis.createStream(STREAM, 2);
  return {
    ...{ path, kinesis, database },
    sales: () => database.prepare("SELECT n FROM sales ORDER BY n").all().map(({ n }) => n),
    async [Symbol.asyncDispose]() {
      database.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** A member over a SQLite file, with a Kinesis in memory. */
async function member(path: string, kinesis: MemoryKinesis, options: GroupOptions = {}) {
  const place = { client: "billing", stream: STREAM, leaseMs: 3_000 };
  const opened = await openGroupDatabase(`sqlite://${path}`, place);
  const group = new Group({ kinesis, ...opened }, {
    ...{ leaseMs: 3_000, pollIntervalMs: 50 },
    ...options,
  });
  return {
    group,
    async [Symbol.asyncDispose]() {
      await group[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

Deno.test("transactSqlite() commits rows and positions together, in members that share a file", async () => {
  await using world = await setUp();
  const { path, kinesis, sales } = world;
  const stop = new AbortController();
  await using one = await member(path, kinesis, { signal: stop.signal });
  await using other = await member(path, kinesis, { signal: stop.signal });
  const running = [one, other].map(({ group }) =>
    group.transactSqlite((database, { records }) => {
      const insert = database.prepare("INSERT INTO sales VALUES (?)");
      for (const { data } of records) insert.run(data.n as number);
      if (sales().length + records.length === 300) stop.abort();
    }, { maxRecords: 7, maxWaitMs: 1 })
  );
  for (let n = 0; n < 300; n += 50) {
    await putEvents(kinesis, STREAM, Array.from({ length: 50 }, (_, index) => ({ n: n + index })));
  }
  await Promise.all(running);
  deepEqual(sales(), Array.from({ length: 300 }, (_, n) => n));
});

Deno.test("transactSqlite() refuses a handler that returns a promise, whatever happens to poison", async () => {
  await using world = await setUp();
  await putEvents(world.kinesis, STREAM, [{ n: 1 }]);
  const stop = new AbortController();
  await using one = await member(world.path, world.kinesis, {
    ...{ retries: 0, signal: stop.signal, onPoison: () => stop.abort() },
  });
  const handler = async () => {};
  await rejects(one.group.transactSqlite(handler as never), /the handler returned a promise/);
  equal(stop.signal.aborted, false);
});

Deno.test("transactSqlite() undoes the records that are poison, and keeps their dead letters", async () => {
  await using world = await setUp();
  const { path, kinesis, sales } = world;
  await putEvents(kinesis, STREAM, [{ n: 1 }, { n: 2 }, { n: 3 }], { partitionKey: () => "a" });
  const stop = new AbortController();
  await using one = await member(path, kinesis, { retries: 0, signal: stop.signal });
  await one.group.transactSqlite((database, { records }) => {
    for (const { data } of records) {
      database.exec(`INSERT INTO sales VALUES (${data.n})`);
      if (data.n === 2) throw new Error("not 2");
    }
    if (records[0]!.data.n === 3) stop.abort();
  }, {
    onPoison: (_error, { records: [record] }, database) =>
      database!.exec(`INSERT INTO sales VALUES (${-(record!.data.n as number)})`),
  });
  deepEqual(sales(), [-2, 1, 3]);
});

Deno.test("openGroup() needs a database, and refuses what makes no sense", async () => {
  await rejects(
    openGroup(STREAM, { client: "billing" } as never),
    /pass a database, sql or sqlite/,
  );
  await rejects(openGroup(STREAM, { database: "mysql://x", client: "billing" }), {
    code: "InvalidUrl",
  });
  await rejects(openGroup(STREAM, { database: "memory:", client: "" }), RangeError);
  await rejects(openGroup(STREAM, { database: "memory:", client: "a", leaseMs: 0 }), RangeError);
});

Deno.test("a reader with a checkpointer is refused where its client is a group, and others are not", async () => {
  await using world = await setUp();
  const { path, kinesis } = world;
  await putEvents(kinesis, STREAM, [{ n: 1 }]);
  const read = async (client: string) => {
    await using checkpointer = await openCheckpointer(`sqlite://${path}`, { client });
    await using reader = new StreamReader(kinesis, STREAM, { checkpointer, idle: true });
    return (await Array.fromAsync(reader)).length;
  };
  equal(await read("billing"), 1, "there is no group yet");
  {
    await using one = await member(path, kinesis);
    for await (const { data } of one.group) {
      equal(data.n, 1);
      break;
    }
  }
  await rejects(read("billing"), {
    name: "CheckpointError",
    code: "Group",
    message: /openGroup\(\)/,
  });
  equal(await read("shipping"), 1);
});

Deno.test("a group takes over the positions that its client has saved as a reader", async () => {
  await using world = await setUp();
  const { path, kinesis } = world;
  await putEvents(kinesis, STREAM, Array.from({ length: 20 }, (_, n) => ({ n })));
  const seen: unknown[] = [];
  {
    await using checkpointer = await openCheckpointer(`sqlite://${path}`, { client: "billing" });
    await using reader = new StreamReader(kinesis, STREAM, { checkpointer });
    for await (const { data } of reader) {
      seen.push(data.n);
      if (seen.length < 7) continue;
      await reader.checkpoint();
      break;
    }
  }
  await using one = await member(path, kinesis);
  for await (const { data } of one.group) {
    seen.push(data.n);
    if (seen.length === 20) break;
  }
  deepEqual(new Set(seen).size, 20);
});
