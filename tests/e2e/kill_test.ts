/**
 * Exactly once, for real: two workers that are killed again and again while everything around them
 * fails. A run picks a seed and prints it if it fails; `TRITON_TEST_SEED=N` decides the same again,
 * as far as real processes can be made to do the same twice.
 */

import { VirtualClock } from "../../src/base/clock.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import { type PostgresServer, startPostgres } from "../support/postgres.ts";
import { Crew } from "./crew.ts";
import { NumberedProducer } from "./numbered_producer.ts";
import { startPipeline, STREAM } from "./pipeline.ts";
import { S3Weather } from "./s3_weather.ts";
import { assertComplete, killOne, mergeShards, type Scene, splitShard } from "./scene.ts";

const KILLS = 20;

/** Worker processes keep their shards for so long after they were killed. */
const WORKER = ["--verbose", "--lease", "2s", "--rotate", "1s", "--max-size", "12KiB"];

/** What goes wrong beside the kills, by the number of the kill that follows. */
const TROUBLE: Readonly<Record<number, (scene: KillScene) => Promise<void>>> = {
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

interface KillScene extends Scene {
  readonly postgres: PostgresServer;
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
      await killOne(scene, crew.workers);
    }
    await producer.stop();
    await assertComplete(scene);
  } catch (error) {
    console.error(`The kill test failed with TRITON_TEST_SEED=${seed}\n${crew.history()}`);
    throw error;
  }
});

async function restartPostgres({ postgres, producer, random }: KillScene): Promise<void> {
  await postgres.stop();
  await producer.more(10 + random(300));
  await postgres.start();
}

async function closeS3({ weather, producer, random }: Scene): Promise<void> {
  weather.unavailable = true;
  await producer.more(10 + random(300));
  weather.unavailable = false;
}
