import { deepEqual, equal, rejects } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type ArchiveLedger, openLedger } from "@triton/triton/checkpoint";
import type { ArchiverOptions } from "../../src/archiver/mod.ts";
import type { SequenceNumber } from "../../src/base/record.ts";
import { Fixture, type RunningWorker, STREAM } from "./archiver_fixture.ts";

const MINUTE = 60_000;

/** A ledger in a database that can be set back, as by a failover to a server that lagged behind. */
class Replicated {
  readonly ledger: ArchiveLedger;
  #current: ArchiveLedger;
  #replica: ArchiveLedger | undefined;
  readonly #database: DatabaseSync;
  readonly #fixture: Fixture;

  private constructor(fixture: Fixture, database: DatabaseSync, ledger: ArchiveLedger) {
    this.#fixture = fixture;
    this.#database = database;
    this.#current = ledger;
    this.ledger = new Proxy(ledger, {
      get: (_, name) => {
        const value = Reflect.get(this.#current, name, this.#current);
        return typeof value === "function" ? value.bind(this.#current) : value;
      },
    });
  }

  static async open(fixture: Fixture): Promise<Replicated> {
    const database = new DatabaseSync(":memory:");
    const options = { client: "store", stream: STREAM, clock: fixture.clock };
    return new Replicated(fixture, database, await openLedger(database, options));
  }

  /** What is committed from here on does not reach the replica. */
  async lag(): Promise<void> {
    const copy = new DatabaseSync(":memory:");
    const tables = this.#database.prepare(
      "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC",
    ).all() as { name: string; sql: string }[];
    for (const { name, sql } of tables) {
      copy.exec(sql);
      if (!sql.startsWith("CREATE TABLE")) continue;
      for (const row of this.#database.prepare(`SELECT * FROM ${name}`).all()) {
        const values = Object.values(row);
        copy.prepare(`INSERT INTO ${name} VALUES (${values.map(() => "?").join(", ")})`)
          .run(...values);
      }
    }
    const { clock } = this.#fixture;
    this.#replica = await openLedger(copy, { client: "store", stream: STREAM, clock });
  }

  failOver(): void {
    this.#current = this.#replica!;
  }
}

async function archiveThroughFailover(fixture: Fixture, options: ArchiverOptions) {
  const database = await Replicated.open(fixture);
  fixture.ledger = database.ledger as never;
  const worker = fixture.start({ rotateMs: MINUTE, ...options });
  await fixture.put(5);
  await fixture.clock.advance(MINUTE);
  await fixture.put(5);
  await fixture.clock.advance(MINUTE - 5_000);
  await database.lag();
  await fixture.clock.advance(10_000);
  equal((await fixture.files()).length, 2);
  database.failOver();
  await fixture.put(5);
  await fixture.clock.advance(2 * MINUTE);
  return worker;
}

Deno.test("Archiver refuses a shard that its database forgot to be archived", async () => {
  const fixture = new Fixture();
  const worker = await archiveThroughFailover(fixture, {});
  await rejects(worker.done, { code: "BehindArchive" });
  deepEqual(await fixture.archived(), fixture.expected.slice(0, 10));
});

Deno.test("Archiver goes on where its files end though its database forgot them", async () => {
  const fixture = new Fixture();
  const worker = await archiveThroughFailover(fixture, { recover: true });
  await worker.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver goes on with a shard of which another archived more, and passed over the rest", async () => {
  const fixture = new Fixture();
  const { clock, ledger } = fixture;
  const shardId = fixture.shards[0]!;
  const worker = fixture.start({ rotateMs: MINUTE });
  await fixture.put(5);
  await clock.advance(MINUTE);
  await ledger.leave(worker.status().worker);
  const epoch = (await ledger.acquire(shardId, "another", 20_000))!;
  const { checkpoint: previous } = await ledger.position(shardId);
  const last = `${BigInt(previous!) + 1n}` as SequenceNumber;
  const store = fixture.store.identity;
  await ledger.intend({ id: "i", key: "k", store, ranges: [{ shardId, epoch, previous, last }] });
  await ledger.commit("i");
  const now = new Date(clock.now());
  await ledger.reposition(shardId, epoch, { start: { type: "at-timestamp", timestamp: now } }, {
    ...{ stream: STREAM, shardId, after: last, until: undefined },
    ...{ reason: "skipped", recordedAt: now },
  });
  await ledger.leave("another");
  await fixture.put(5);
  await clock.advance(MINUTE);
  await worker.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});

/** Two workers archive a shard each; the database forgets their files, and one of them leaves. */
async function loseAnothersFile(fixture: Fixture, options: ArchiverOptions) {
  const database = await Replicated.open(fixture);
  fixture.ledger = database.ledger as never;
  const workers = [0, 1].map(() => fixture.start({ rotateMs: MINUTE, ...options }));
  await fixture.clock.advance(MINUTE - 5_000);
  deepEqual(workers.map((worker) => held(worker).length), [1, 1]);
  await fixture.put(32);
  await database.lag();
  await fixture.clock.advance(10_000);
  equal((await fixture.archived()).length, 32);
  database.failOver();
  const [heir, leaver] = workers as [RunningWorker, RunningWorker];
  await leaver.stop();
  await fixture.put(32);
  await fixture.clock.advance(2 * MINUTE);
  return heir;
}

function held(worker: RunningWorker): readonly unknown[] {
  return worker.status().shards?.filter(({ state }) => state === "reading") ?? [];
}

Deno.test("Archiver refuses a shard of which the database forgot another worker's file", async () => {
  const fixture = new Fixture(2);
  const heir = await loseAnothersFile(fixture, {});
  await rejects(heir.done, { code: "BehindArchive" });
  deepEqual(await fixture.archived(), fixture.expected.slice(0, 32));
});

Deno.test("Archiver goes on where another worker's files end though the database forgot them", async () => {
  const fixture = new Fixture(2);
  const heir = await loseAnothersFile(fixture, { recover: true });
  await heir.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver goes on after a failover that forgets an intent whose file is put", async () => {
  const fixture = new Fixture();
  const database = await Replicated.open(fixture);
  fixture.ledger = database.ledger as never;
  const worker = fixture.start({ rotateMs: MINUTE, recover: true });
  await fixture.clock.advance(MINUTE - 5_000);
  await fixture.put(5);
  await database.lag();
  const { store } = fixture;
  const put = store.put.bind(store);
  store.put = async (...args) => {
    const answer = await put(...args);
    if (args[0].endsWith(".tri")) database.failOver();
    return answer;
  };
  await fixture.clock.advance(MINUTE);
  store.put = put;
  await fixture.put(5);
  await fixture.clock.advance(2 * MINUTE);
  await worker.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});

Deno.test("Archiver goes on after a failover that forgets the children of a shard", async () => {
  const fixture = new Fixture();
  const database = await Replicated.open(fixture);
  fixture.ledger = database.ledger as never;
  const worker = fixture.start({ rotateMs: MINUTE, recover: true });
  await fixture.put(5);
  await fixture.clock.advance(MINUTE);
  await database.lag();
  fixture.kinesis.splitShard(STREAM, fixture.shards[0]!);
  await fixture.put(32);
  await fixture.clock.advance(MINUTE);
  deepEqual(await fixture.archived(), fixture.expected);
  database.failOver();
  await fixture.put(32);
  await fixture.clock.advance(5 * MINUTE);
  await worker.stop();
  deepEqual(await fixture.archived(), fixture.expected);
});
