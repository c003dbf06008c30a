/**
 * Many streams in each process, for real: three workers that share ten streams are killed again and
 * again while everything around them fails. `TRITON_TEST_SEED=N` decides the same as a run that failed.
 */

import { deepStrictEqual, equal, ok } from "node:assert/strict";
import { openLedger } from "@triton/triton/checkpoint";
import { default as postgresClient, type Sql } from "postgres";
import { VirtualClock } from "../../src/base/clock.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { S3Bucket } from "../support/s3_server.ts";
import { untilTrue } from "../support/within.ts";
import { assertArchived, EventCounter } from "./audit.ts";
import { Crew } from "./crew.ts";
import { NumberedProducer } from "./numbered_producer.ts";
import { BUCKET, type Pipeline, startPipeline } from "./pipeline.ts";
import { S3Weather } from "./s3_weather.ts";
import { killOne, mergeShards, openShards, shardsOf, splitShard } from "./scene.ts";

const STREAMS = Array.from({ length: 10 }, (_, n) => `events_${n}_prod`);
const WORKERS = 3;
const KILLS = 12;

/** The last stream has a bucket of its own, which fails for longer than the others' one. */
const OWN_BUCKET = "triton-own";

/** Connections of one worker at most. */
const CONNECTIONS = 5;

/** The least memory, so that files close for want of it. */
const WORKER = ["--verbose", "--lease", "2s", "--rotate", "2s", "--max-memory", "1MiB"];

interface StreamsScene {
  readonly pipeline: Pipeline;
  readonly postgres: PostgresServer;
  readonly producers: ReadonlyMap<string, NumberedProducer>;
  readonly weather: S3Weather;
  readonly crew: Crew;
  readonly random: (limit: number) => number;
}

/** What goes wrong beside the kills, by the number of the kill that follows. */
const TROUBLE: Readonly<Record<number, (scene: StreamsScene) => Promise<void> | void>> = {
  2: splitOne,
  3: refuseOwnBucket,
  5: restartPostgres,
  6: splitOne,
  7: mergeOne,
  8: closeS3,
  9: ({ weather }) => weather.refused = undefined,
  10: restartPostgres,
  11: splitOne,
};

Deno.test("three workers archive ten streams once each under kill -9, reshards and outages", async () => {
  const seed = Number(Deno.env.get("TRITON_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const chance = new VirtualClock({ seed });
  const random = (limit: number) => Math.floor(chance.random() * limit);

  await using postgres = await startPostgres();
  await using pipeline = await startPipeline({
    database: await postgres.createDatabase(),
    streams: STREAMS,
    settings: (stream) =>
      stream === STREAMS.at(-1) ? [`archive: { bucket: s3://${OWN_BUCKET} }`] : [],
  });
  pipeline.s3.buckets.set(OWN_BUCKET, new S3Bucket());
  const weather = new S3Weather(pipeline, random);
  const crew = new Crew(WORKERS, () => pipeline.store(...WORKER));
  await using stack = new AsyncDisposableStack();
  const producers = new Map(STREAMS.map((stream) => {
    const pace = { paceMs: 200, batch: 5, noise: 200 };
    return [stream, stack.use(new NumberedProducer(pipeline.kinesis.kinesis, stream, pace))];
  }));
  const scene = { pipeline, postgres, producers, weather, crew, random };
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      await TROUBLE[kill]?.(scene);
      await killOne({ ...scene, producer: anyOf(scene, [...producers.values()]) }, crew.workers);
    }
    await assertBalanced(scene);
    for (const producer of producers.values()) await producer.stop();
    await assertAllComplete(scene);
  } catch (error) {
    console.error(`The kill test failed with TRITON_TEST_SEED=${seed}\n${crew.history()}`);
    throw error;
  }
});

function anyOf<T>({ random }: Pick<StreamsScene, "random">, items: readonly T[]): T {
  return items[random(items.length)]!;
}

function splitOne(scene: StreamsScene): Promise<void> {
  return splitShard({ ...scene, stream: anyOf(scene, STREAMS) });
}

/** Merges two shards of a stream that has two, as all have that were never split. */
function mergeOne(scene: StreamsScene): Promise<void> {
  return mergeShards({ ...scene, stream: anyOf(scene, STREAMS) });
}

function refuseOwnBucket({ weather }: StreamsScene): void {
  weather.refused = OWN_BUCKET;
}

async function restartPostgres(scene: StreamsScene): Promise<void> {
  await scene.postgres.stop();
  await anyOf(scene, [...scene.producers.values()]).more(10 + scene.random(50));
  await scene.postgres.start();
}

async function closeS3(scene: StreamsScene): Promise<void> {
  scene.weather.unavailable = true;
  await anyOf(scene, [...scene.producers.values()]).more(10 + scene.random(50));
  scene.weather.unavailable = false;
}

/** The workers hold the same number of shards of all streams, give or take one, by few connections. */
async function assertBalanced({ pipeline }: StreamsScene): Promise<void> {
  let counts: number[] = [];
  const isBalanced = async () => {
    const owners: (string | undefined)[] = [];
    for (const stream of STREAMS) {
      await using ledger = await openLedger(pipeline.database, { client: "store", stream });
      const shards = await ledger.shards("open");
      const open = new Set((await openShards(pipeline, stream)).map(({ id }) => id));
      owners.push(...shards.filter(({ shardId }) => open.has(shardId)).map(({ owner }) => owner));
      if (shards.length < open.size) owners.push(undefined); // a child waits for its parents
    }
    counts = [...Map.groupBy(owners, (owner) => owner).values()].map(({ length }) => length);
    return !owners.includes(undefined) && counts.length === WORKERS &&
      Math.max(...counts) - Math.min(...counts) <= 1;
  };
  await untilTrue(isBalanced, "the workers to share all shards", () => counts.join(", "));
  const sql = postgresClient(pipeline.database, { max: 1 });
  try {
    ok(await connectionsOf(sql) <= WORKERS * CONNECTIONS, "too many connections");
  } finally {
    await sql.end();
  }
}

/** How many connections others have to the database. */
async function connectionsOf(sql: Sql): Promise<number> {
  const [row] = await sql`SELECT count(*)::int AS count FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  return row!["count"];
}

/** Lets the workers finish, stops them as an operator would, and looks at what they left. */
async function assertAllComplete({ pipeline, producers, crew }: StreamsScene): Promise<void> {
  const counters = new Map(STREAMS.map((stream) => {
    const bucket = stream === STREAMS.at(-1) ? OWN_BUCKET : BUCKET;
    return [stream, new EventCounter(pipeline.s3.buckets.get(bucket)!, stream)];
  }));
  for (const [stream, counter] of counters) {
    const archived = async () => await counter.count() >= producers.get(stream)!.count;
    await untilTrue(archived, `all events of ${stream} to be archived`);
  }
  await crew.dismiss();
  for (const [stream, counter] of counters) {
    const { placed } = producers.get(stream)!;
    assertArchived(await counter.numbers(), placed, await shardsOf(pipeline, stream));
    const { code, stdout, stderr } = await pipeline.verifyStream(stream);
    equal(code, 0, `${stream}: ${stdout}\n${stderr}`);
  }
  deepStrictEqual(crew.workers.filter(({ over }) => !over), [], "a worker goes on");
}
