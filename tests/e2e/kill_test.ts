/**
 * Exactly once, for real: two workers that are killed again and again while everything around them
 * fails. A run picks a seed and prints it if it fails; `TRITON_TEST_SEED=N` decides the same again,
 * as far as real processes can be made to do the same twice.
 */

import { deepStrictEqual, equal } from "node:assert/strict";
import { listAllShards } from "@triton/triton/kinesis";
import type { ShardId } from "../../src/record.ts";
import { systemClock, VirtualClock } from "../../src/clock.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { untilTrue } from "../support/triton_process.ts";
import { assertArchived, EventCounter } from "./audit.ts";
import { Crew } from "./crew.ts";
import { NumberedProducer } from "./numbered_producer.ts";
import { BUCKET, type Pipeline, startPipeline, STREAM } from "./pipeline.ts";
import { type PutMoment, S3Weather } from "./s3_weather.ts";

const KILLS = 20;

/** Every second kill comes at one of these moments, the others at any. */
const MOMENTS: readonly PutMoment[] = ["before", "after", "late"];

/** Worker processes keep their shards for so long after they were killed. */
const WORKER = ["--verbose", "--lease", "2s", "--rotate", "1s", "--max-size", "12KiB"];

/** What goes wrong beside the kills, by the number of the kill that follows. */
const TROUBLE: Readonly<Record<number, (scene: Scene) => Promise<void>>> = {
  3: splitShard,
  6: restartPostgres,
  8: splitShard,
  10: mergeShards,
  12: closeS3,
  13: splitShard,
  15: restartPostgres,
  17: closeS3,
  19: splitShard,
};

interface Scene {
  readonly pipeline: Pipeline;
  readonly postgres: PostgresServer;
  readonly producer: NumberedProducer;
  readonly weather: S3Weather;
  readonly crew: Crew;
  readonly random: (limit: number) => number;
}

Deno.test("triton store archives each event once under kill -9, reshards and outages", async () => {
  const seed = Number(Deno.env.get("TRITON_TEST_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const chance = new VirtualClock({ seed });
  const random = (limit: number) => Math.floor(chance.random() * limit);

  await using postgres = await startPostgres();
  await using pipeline = await startPipeline({
    kinesis: await startKinesisLocal(),
    database: await postgres.createDatabase(),
  });
  const weather = new S3Weather(pipeline, random);
  const crew = new Crew(2, () => pipeline.store(...WORKER));
  await using producer = new NumberedProducer(pipeline.kinesis.kinesis, STREAM);
  const scene = { pipeline, postgres, producer, weather, crew, random };
  try {
    for (let kill = 1; kill <= KILLS; kill++) {
      await TROUBLE[kill]?.(scene);
      await killOne(scene);
    }
    await producer.stop();
    await assertComplete(scene);
  } catch (error) {
    console.error(`The kill test failed with TRITON_TEST_SEED=${seed}\n${crew.history()}`);
    throw error;
  }
});

/** Kills a worker at a random moment, and starts it again. */
async function killOne({ crew, producer, weather, random }: Scene): Promise<void> {
  const moment = MOMENTS[random(2 * MOMENTS.length)];
  if (moment !== undefined) {
    return await weather.atNextPut(moment, (worker) => crew.replace(worker));
  }
  const worker = crew.workers[random(2)]!;
  await producer.more(10 + random(500));
  await crew.replace(worker);
}

async function splitShard({ pipeline, random }: Scene): Promise<void> {
  const shards = await shardsOf(pipeline);
  const open = shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined);
  await pipeline.kinesis.splitShard(STREAM, open[random(open.length)]!.id);
}

/** Merges two neighbours: the open shards, in the order of their hash keys, leave no hole. */
async function mergeShards({ pipeline: { kinesis }, random }: Scene): Promise<void> {
  const { Shards = [] } = await kinesis.client.listShards({ StreamName: STREAM });
  const open = Shards.filter((shard) => !shard.SequenceNumberRange?.EndingSequenceNumber)
    .map((shard) => ({
      id: shard.ShardId as ShardId,
      first: BigInt(shard.HashKeyRange!.StartingHashKey!),
    }))
    .sort((a, b) => a.first < b.first ? -1 : 1);
  const at = random(open.length - 1);
  await kinesis.mergeShards(STREAM, open[at]!.id, open[at + 1]!.id);
}

async function restartPostgres({ postgres, producer, random }: Scene): Promise<void> {
  await postgres.stop();
  await producer.more(10 + random(300));
  await postgres.start();
}

async function closeS3({ weather, producer, random }: Scene): Promise<void> {
  weather.unavailable = true;
  await producer.more(10 + random(300));
  weather.unavailable = false;
}

/** Lets the workers finish, stops them as an operator would, and looks at what they left. */
async function assertComplete({ pipeline, producer, crew }: Scene): Promise<void> {
  const counter = new EventCounter(pipeline.s3.buckets.get(BUCKET)!);
  const archived = async () => await counter.count() >= producer.count;
  await untilTrue(archived, "all events to be archived");
  // The youngest may not have come so far that it hears a signal.
  for (const worker of crew.workers) await worker.until(/Archiving \S+ to .* as worker /);
  const ends = await Promise.all(crew.workers.map((worker) => worker.stop("SIGTERM")));
  deepStrictEqual(ends.map(({ code }) => code), [0, 0]);
  assertArchived(await counter.numbers(), producer.placed, await shardsOf(pipeline));
  const verified = await pipeline.verify();
  equal(verified.code, 0, `${verified.stdout}\n${verified.stderr}`);
}

function shardsOf(pipeline: Pipeline) {
  return listAllShards(pipeline.kinesis.kinesis, STREAM, { clock: systemClock });
}
