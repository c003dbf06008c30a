/**
 * What happens to the workers of a soak.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { killOne, mergeShards, openShards, type Scene, splitShard } from "../e2e/scene.ts";
import type { KinesisProxy } from "../support/kinesis_proxy.ts";
import type { PostgresServer } from "../support/postgres.ts";
import type { TritonProcess } from "../support/triton_process.ts";

/** A pipeline at work, with a hand on each of its parts. */
export interface SoakScene extends Scene {
  readonly proxy: KinesisProxy;
  /** The database server; undefined where the database is an SQLite file. */
  readonly postgres: PostgresServer | undefined;
  /** The worker that is never stopped, since only a long life shows what grows. */
  readonly veteran: TritonProcess;
  /** How long an outage lasts, in milliseconds: another time at each call. */
  readonly outageMs: () => number;
}

/** Something that happens; it is over when the promise is fulfilled. */
export interface Trouble {
  /** What it is, for the report. */
  readonly name: string;
  readonly happen: (scene: SoakScene) => Promise<void>;
}

/** How slow S3 may be, in milliseconds. */
const SLOW_MS = 3_000;

/** The stream is kept between these numbers of open shards. */
const SHARDS = { least: 2, most: 6 };

/** All that happens, each about equally often. */
export const TROUBLES: readonly Trouble[] = [
  { name: "S3 down", happen: closeS3 },
  { name: "S3 slow", happen: slowS3 },
  { name: "Kinesis throttles", happen: (scene) => refuse(scene, THROTTLING) },
  { name: "Kinesis fails", happen: (scene) => refuse(scene, "InternalFailure") },
  { name: "iterators expire", happen: expireIterators },
  { name: "database gone", happen: ({ postgres, ...scene }) => closeDatabase(scene, postgres) },
  { name: "worker killed", happen: (scene) => killOne(scene, mortals(scene)) },
  { name: "worker restarted", happen: restartOne },
  { name: "reshard", happen: reshard },
];

const THROTTLING = "ProvisionedThroughputExceededException";

async function closeS3({ weather, outageMs }: SoakScene): Promise<void> {
  weather.unavailable = true;
  await pass(outageMs());
  weather.unavailable = false;
}

async function slowS3({ pipeline: { s3 }, outageMs }: SoakScene): Promise<void> {
  s3.latencyMs = SLOW_MS;
  await pass(outageMs());
  s3.latencyMs = 0;
}

/** Has Kinesis refuse to be read; the producer goes its own way. */
async function refuse({ proxy, outageMs }: SoakScene, code: string): Promise<void> {
  for (const action of ["GetRecords", "GetShardIterator", "ListShards"]) {
    proxy.refusals.set(action, code);
  }
  await pass(outageMs());
  proxy.refusals.clear();
}

async function expireIterators({ proxy }: SoakScene): Promise<void> {
  proxy.refusals.set("GetRecords", "ExpiredIteratorException");
  await pass(1_000);
  proxy.refusals.clear();
}

/** Stops PostgreSQL, or holds the one lock that SQLite has. */
async function closeDatabase(
  { pipeline: { database }, outageMs }: Pick<SoakScene, "pipeline" | "outageMs">,
  postgres: PostgresServer | undefined,
): Promise<void> {
  if (postgres !== undefined) {
    await postgres.stop();
    await pass(outageMs());
    return await postgres.start();
  }
  const holder = new DatabaseSync(database.replace("sqlite://", ""));
  holder.exec("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE");
  await pass(outageMs());
  holder.exec("ROLLBACK");
  holder.close();
}

async function restartOne(scene: SoakScene): Promise<void> {
  const workers = mortals(scene);
  await scene.crew.relieve(workers[scene.random(workers.length)]!);
}

async function reshard(scene: SoakScene): Promise<void> {
  const { length } = await openShards(scene.pipeline);
  const split = length <= SHARDS.least || (length < SHARDS.most && scene.random(2) === 0);
  await (split ? splitShard(scene) : mergeShards(scene));
}

/** The workers that may be stopped. */
function mortals({ crew, veteran }: SoakScene): TritonProcess[] {
  return crew.workers.filter((worker) => worker !== veteran);
}

/** Lets time go by. */
export function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
