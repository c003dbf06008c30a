/**
 * Consumer groups, for real: three processes that share a stream while they are killed and paused for
 * longer than their leases, while shards split and merge, and while the database restarts.
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { encodeEvent } from "../../src/codec/mod.ts";
import { Random } from "../../src/testing/mod.ts";
import { query } from "../sql/postgres/support.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import type { LocalKinesis } from "../support/local_kinesis.ts";
import { startPostgres } from "../support/postgres.ts";
import type { GroupJob } from "./group_program.ts";

const STREAM = "effects";
const KEYS = 11;
const LEASE_MS = 3_000;
const PROGRAM = new URL("group_program.ts", import.meta.url).pathname;

/** A line that a member of the loop prints. */
type Line =
  | { readonly n: number; readonly shardId: string }
  | { readonly type: string; readonly shardId: string };

/** One process. */
class Member {
  readonly lines: Line[] = [];
  stderr = "";
  readonly child: Deno.ChildProcess;
  readonly #read: Promise<unknown>;

  constructor(job: GroupJob) {
    const args = ["run", "--quiet", "--no-check", "--allow-all", PROGRAM, JSON.stringify(job)];
    this.child = new Deno.Command(Deno.execPath(), {
      ...{ args, stdout: "piped", stderr: "piped", stdin: "null" },
    }).spawn();
    this.#read = Promise.all([this.#readLines(), this.#readErrors()]);
  }

  /** Sends a signal, and waits until the process has ended. */
  async end(signal: Deno.Signal): Promise<number> {
    this.child.kill(signal);
    const { code } = await this.child.status;
    await this.#read;
    return code;
  }

  /** Kills the process if it is running. */
  async clear(): Promise<void> {
    try {
      this.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#read;
  }

  async #readLines(): Promise<void> {
    let rest = "";
    for await (const text of this.child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.lines.push(JSON.parse(line));
    }
  }

  async #readErrors(): Promise<void> {
    this.stderr = await new Response(this.child.stderr).text();
  }
}

/** Three members, and what is put for them. */
class Crowd {
  readonly all: Member[] = [];
  count = 0;
  readonly #members: Member[];
  readonly #kinesis: LocalKinesis;
  readonly #job: GroupJob;
  readonly #random: Random;

  constructor(kinesis: LocalKinesis, job: GroupJob, random: Random) {
    this.#kinesis = kinesis;
    this.#job = job;
    this.#random = random;
    this.#members = Array.from({ length: 3 }, () => this.#start());
  }

  /** Kills a member, or pauses one for longer than its lease, and another one starts. */
  async trouble(): Promise<void> {
    const random = this.#random;
    const index = random.integer(0, 2);
    const member = this.#members[index]!;
    if (random.chance(0.5)) {
      member.child.kill("SIGSTOP");
      await this.work(LEASE_MS * 1.5);
      member.child.kill("SIGCONT");
    } else {
      this.#members[index] = this.#start();
      equal(await member.end("SIGKILL"), 137, member.stderr);
    }
    await this.work(random.integer(500, 2_000));
  }

  /** Puts records for some time. */
  async work(ms: number): Promise<void> {
    for (const until = Date.now() + ms; Date.now() < until;) {
      const entries = Array.from({ length: 20 }, () => {
        const n = this.count++;
        return { partitionKey: `key ${n % KEYS}`, data: encodeEvent({ n }) };
      });
      const results = await this.#kinesis.kinesis.putRecords(STREAM, entries);
      ok(results.every(({ ok }) => ok));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async reshard(): Promise<void> {
    const shards = await Array.fromAsync(this.#kinesis.kinesis.listShards(STREAM));
    const open = shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined);
    if (open.length < 4) await this.#kinesis.splitShard(STREAM, this.#random.pick(open).id);
    else {
      const children = open.filter(({ parents }) => parents.length === 1);
      const [one, other] = children.filter(({ parents: [parent] }) =>
        parent === children.at(-1)!.parents[0]
      );
      await this.#kinesis.mergeShards(STREAM, one!.id, other!.id);
    }
  }

  /** Waits until everything has been processed; then all members stop. */
  async finish(isDone: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !await isDone(); tries++) {
      ok(tries < 120, `not everything is processed: ${this.history}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const codes = await Promise.all(this.#members.map((member) => member.end("SIGTERM")));
    deepStrictEqual(codes, [0, 0, 0], this.history);
  }

  /** Kills whoever is left. */
  async clear(): Promise<void> {
    await Promise.all(this.all.map((member) => member.clear()));
  }

  /** What all members have printed as errors. */
  get history(): string {
    return this.all.map(({ stderr }) => stderr).join("\n");
  }

  #start(): Member {
    const member = new Member(this.#job);
    this.all.push(member);
    return member;
  }
}

/** Each record has one effect, those of a key in order. */
function checkEffects(effects: readonly number[], count: number): void {
  equal(effects.length, count);
  equal(new Set(effects).size, count, "no effect is there twice");
  const last = new Map<number, number>();
  for (const n of effects) {
    ok(n > (last.get(n % KEYS) ?? -1), `the effect of ${n} comes after ${last.get(n % KEYS)}`);
    last.set(n % KEYS, n);
  }
}

/** Lets a crowd work, and tells how to do the same again if something is wrong. */
async function withCrowd(
  kinesis: LocalKinesis,
  job: Pick<GroupJob, "mode" | "database">,
  run: (crowd: Crowd) => Promise<void>,
): Promise<void> {
  await kinesis.createStream(STREAM, 2);
  const seed = Number(Deno.env.get("TRITON_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const place = { stream: STREAM, kinesis: kinesis.url, leaseMs: LEASE_MS };
  const crowd = new Crowd(kinesis, { ...job, ...place }, new Random(seed));
  try {
    await crowd.work(3_000);
    await run(crowd);
  } catch (error) {
    console.error(`The group test failed with TRITON_TEST_SEED=${seed}`);
    throw error;
  } finally {
    await crowd.clear();
  }
}

/** Makes trouble, and reshards now and then. */
async function makeTrouble(crowd: Crowd, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await crowd.trouble();
    if (round % 2 === 0) await crowd.reshard();
  }
}

Deno.test("transact() commits each effect once in PostgreSQL, under kill -9, pauses, reshards and a restart", async () => {
  await using postgres = await startPostgres();
  const database = await postgres.createDatabase();
  await query(database, "CREATE TABLE effect (id bigserial, n int, shard text)");
  const effects = async () =>
    (await query(database, "SELECT n FROM effect ORDER BY id")).map(({ n }) => n as number);
  await using kinesis = await startKinesisLocal();
  await withCrowd(kinesis, { mode: "transact", database }, async (crowd) => {
    await makeTrouble(crowd, 4);
    await postgres.stop();
    await crowd.work(1_000);
    await postgres.start();
    await makeTrouble(crowd, 4);
    await crowd.finish(async () => (await effects()).length >= crowd.count);
    checkEffects(await effects(), crowd.count);
  });
});

Deno.test("transactSqlite() commits each effect once, under kill -9, pauses and reshards", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/effects.db`;
  const database = new DatabaseSync(path);
  database.exec(
    "PRAGMA journal_mode = WAL; CREATE TABLE effect (id INTEGER PRIMARY KEY, n INTEGER, shard TEXT)",
  );
  const effects = () =>
    database.prepare("SELECT n FROM effect ORDER BY id").all().map(({ n }) => n as number);
  await using kinesis = await startKinesisLocal();
  const job = { mode: "transactSqlite", database: `sqlite://${path}` } as const;
  await withCrowd(kinesis, job, async (crowd) => {
    await makeTrouble(crowd, 6);
    await crowd.finish(() => Promise.resolve(effects().length >= crowd.count));
    checkEffects(effects(), crowd.count);
  });
  database.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("three processes of a loop handle each record at least once, each shard in order", async () => {
  await using postgres = await startPostgres();
  await using kinesis = await startKinesisLocal();
  const job = { mode: "loop", database: await postgres.createDatabase() } as const;
  await withCrowd(kinesis, job, async (crowd) => {
    const handled = () =>
      new Set(crowd.all.flatMap(({ lines }) => lines.flatMap((line) => "n" in line ? line.n : [])));
    await makeTrouble(crowd, 5);
    await crowd.finish(() => Promise.resolve(handled().size >= crowd.count));
    equal(handled().size, crowd.count);
    for (const { lines } of crowd.all) checkOrder(lines);
  });
});

/** In one process the records of a shard come in order, from each time on at which it is assigned. */
function checkOrder(lines: readonly Line[]): void {
  const last = new Map<string, number>();
  for (const line of lines) {
    if ("n" in line) {
      ok(line.n > (last.get(line.shardId) ?? -1), `${line.n} comes in order`);
      last.set(line.shardId, line.n);
    } else if (line.type === "assigned") last.delete(line.shardId);
  }
}
