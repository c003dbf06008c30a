/**
 * What the kill test and a soak have in common: workers at work while things happen around them.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import { listAllShards, type Shard } from "@triton/triton/kinesis";
import { systemClock } from "../../src/base/clock.ts";
import type { ShardId } from "../../src/base/record.ts";
import type { TritonProcess } from "../support/triton_process.ts";
import { untilTrue } from "../support/within.ts";
import { assertArchived, EventCounter } from "./audit.ts";
import type { Crew } from "./crew.ts";
import type { NumberedProducer } from "./numbered_producer.ts";
import { BUCKET, type Pipeline, STREAM } from "./pipeline.ts";
import type { PutMoment, S3Weather } from "./s3_weather.ts";

/** A pipeline at work. */
export interface Scene {
  readonly pipeline: Pipeline;
  readonly producer: NumberedProducer;
  readonly weather: S3Weather;
  readonly crew: Crew;
  /** A whole number from 0 up to, but not including, the limit. */
  readonly random: (limit: number) => number;
}

/** What is needed to reshape the stream. */
export interface Reshaping extends Pick<Scene, "random"> {
  readonly pipeline: Pick<Pipeline, "kinesis">;
  /** Name of the stream in Kinesis: {@linkcode STREAM} unless given. */
  readonly stream?: string;
}

/** Every second kill comes at one of these moments, the others at any. */
const MOMENTS: readonly PutMoment[] = ["before", "after", "late"];

/**
 * Kills a worker at a random moment, and starts it again.
 *
 * @param victims The workers it may happen to.
 */
export async function killOne(
  { crew, producer, weather, random }: Scene,
  victims: readonly TritonProcess[],
): Promise<void> {
  const moment = MOMENTS[random(2 * MOMENTS.length)];
  if (moment !== undefined) {
    const kill = (worker: TritonProcess) => crew.replace(worker);
    return await weather.atNextPut(moment, kill, (worker) => victims.includes(worker));
  }
  const worker = victims[random(victims.length)]!;
  await producer.more(10 + random(500));
  await crew.replace(worker);
}

/** Splits any open shard. */
export async function splitShard({ pipeline, random, stream = STREAM }: Reshaping): Promise<void> {
  const open = await openShards(pipeline, stream);
  await pipeline.kinesis.splitShard(stream, open[random(open.length)]!.id);
}

/** Merges two neighbours: the open shards, in the order of their hash keys, leave no hole. */
export async function mergeShards(
  { pipeline: { kinesis }, random, stream = STREAM }: Reshaping,
): Promise<void> {
  const { Shards = [] } = await kinesis.client.listShards({ StreamName: stream });
  const open = Shards.filter((shard) => !shard.SequenceNumberRange?.EndingSequenceNumber)
    .map((shard) => ({
      id: shard.ShardId as ShardId,
      first: BigInt(shard.HashKeyRange!.StartingHashKey!),
    }))
    .sort((a, b) => a.first < b.first ? -1 : 1);
  const at = random(open.length - 1);
  await kinesis.mergeShards(stream, open[at]!.id, open[at + 1]!.id);
}

/** The shards that take records. */
export async function openShards(
  pipeline: Reshaping["pipeline"],
  stream: string = STREAM,
): Promise<Shard[]> {
  const shards = await shardsOf(pipeline, stream);
  return shards.filter(({ endingSequenceNumber }) => endingSequenceNumber === undefined);
}

/** Lets the workers finish, stops them as an operator would, and looks at what they left. */
export async function assertComplete({ pipeline, producer, crew }: Scene): Promise<void> {
  const counter = new EventCounter(pipeline.s3.buckets.get(BUCKET)!);
  const archived = async () => await counter.count() >= producer.count;
  await untilTrue(archived, "all events to be archived");
  await crew.dismiss();
  assertArchived(await counter.numbers(), producer.placed, await shardsOf(pipeline));
  const verified = await pipeline.verify();
  equal(verified.code, 0, `${verified.stdout}\n${verified.stderr}`);
}

/** All shards of a stream, those that are closed included. */
export function shardsOf(
  pipeline: Reshaping["pipeline"],
  stream: string = STREAM,
): Promise<Shard[]> {
  return listAllShards(pipeline.kinesis.kinesis, stream, { clock: systemClock });
}
