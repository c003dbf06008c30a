/**
 * `triton store` at work for a long time, while all sorts of things happen.
 *
 * @module
 */

import { VirtualClock } from "../../src/base/clock.ts";
import { Crew } from "../e2e/crew.ts";
import { LISTEN } from "../e2e/listening.ts";
import { NumberedProducer } from "../e2e/numbered_producer.ts";
import { BUCKET, startPipeline, STREAM } from "../e2e/pipeline.ts";
import { S3Weather } from "../e2e/s3_weather.ts";
import { assertComplete } from "../e2e/scene.ts";
import { startKinesisLocal } from "../support/kinesis_local.ts";
import { startKinesisProxy } from "../support/kinesis_proxy.ts";
import { startPostgres } from "../support/postgres.ts";
import { type Sample, Sampler } from "./samples.ts";
import { pass, type SoakScene, type Trouble, TROUBLES } from "./troubles.ts";

/** How long, and on what. */
export interface SoakOptions {
  readonly minutes: number;
  readonly database: "postgres" | "sqlite";
  /** How many workers: all but the first are stopped and killed now and then. */
  readonly workers: number;
  /** Records put, per second. */
  readonly rate: number;
  /** When files are closed, as `--rotate` takes it. */
  readonly rotate: string;
  /** The longest outage, in seconds. */
  readonly outage: number;
  /** Time between two troubles, in seconds; no trouble at all if it is 0. */
  readonly pause: number;
  /** Decides what happens when. */
  readonly seed: number;
  /** Told what goes on. */
  readonly say: (line: string) => void;
  /** Told of each sample. */
  readonly onSample?: (sample: Sample) => void;
}

/** What came out. */
export interface SoakResult {
  readonly samples: readonly Sample[];
  /** The process that ran from the beginning to the end. */
  readonly veteran: number;
  /** How often each trouble happened. */
  readonly troubles: ReadonlyMap<string, number>;
  readonly records: number;
  readonly files: number;
  /** What is wrong with the archive, or with how the workers ended; undefined if nothing is. */
  readonly failure: string | undefined;
  /** What the workers said. */
  readonly history: string;
}

/** Time between two samples, in milliseconds. */
const SAMPLING_MS = 3_000;

/** Time between two requests of the producer, in milliseconds. */
const PACE_MS = 250;

/**
 * How large the first answers of Kinesis are, in bytes, and for how long, in milliseconds.
 *
 * Deno keeps as many buffers for reading as were ever in use at once, up to 256 of 64 KiB. With small
 * answers alone it gathers them over hours, which looks like a leak. Larger ones would have the heap
 * grow so far that a leak might hide in it.
 */
const BACKLOG = { answer: 300_000, ms: 60_000 };

/** Bytes of noise in each event, which do not shrink. */
const NOISE = 200;

/** Runs a soak to its end; what goes wrong is in the result. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  await using stack = new AsyncDisposableStack();
  const postgres = options.database === "postgres" ? stack.use(await startPostgres()) : undefined;
  const kinesis = await startKinesisLocal({ shardLimit: 1_000 });
  const proxy = stack.use(startKinesisProxy(kinesis.url));
  const database = await postgres?.createDatabase();
  const pipeline = stack.use(
    await startPipeline({
      kinesis,
      kinesisUrl: proxy.url,
      ...database === undefined ? {} : { database },
    }),
  );
  const chance = new VirtualClock({ seed: options.seed });
  const random = (limit: number) => Math.floor(chance.random() * limit);
  const weather = new S3Weather(pipeline, random);
  const args = [...LISTEN, "--lease", "5s", "--rotate", options.rotate];
  const crew = new Crew(options.workers, () => pipeline.store(...args));
  const batch = Math.ceil(options.rate * PACE_MS / 1_000);
  const pace = { paceMs: PACE_MS, batch, noise: NOISE };
  const producer = stack.use(new NumberedProducer(kinesis.kinesis, STREAM, pace));
  const veteran = crew.workers[0]!;
  const outageMs = () => 1_000 * (1 + random(options.outage));
  const scene = { pipeline, producer, weather, crew, random, proxy, postgres, veteran, outageMs };

  const samples: Sample[] = [];
  const troubles = new Map<string, number>();
  let failure: string | undefined;
  try {
    const keep = (sample: Sample) => {
      samples.push(sample);
      options.onSample?.(sample);
    };
    await stir(scene, options, troubles, sample(crew, keep));
    options.say("the end: waiting until everything is archived");
    await producer.stop();
    await assertComplete(scene);
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const files = pipeline.s3.buckets.get(BUCKET)!.keys().filter((key) => key.endsWith(".tri"));
  return {
    ...{ samples, troubles, failure },
    veteran: veteran.pid,
    records: producer.count,
    files: files.reduce((count) => count + 1, 0),
    history: crew.history(),
  };
}

/** Samples the workers until it is told to stop. */
function sample(crew: Crew, keep: (sample: Sample) => void): { stop(): Promise<void> } {
  const sampler = new Sampler();
  let stopped = false;
  const done = (async () => {
    while (!stopped) {
      for (const taken of await sampler.take(crew.workers)) keep(taken);
      await pass(SAMPLING_MS);
    }
  })();
  return {
    stop() {
      stopped = true;
      return done;
    },
  };
}

/** Lets one trouble after the other happen until the time is over. */
async function stir(
  scene: SoakScene,
  { minutes, pause, say }: SoakOptions,
  troubles: Map<string, number>,
  sampling: { stop(): Promise<void> },
): Promise<void> {
  const end = performance.now() + minutes * 60_000;
  const left = () => end - performance.now();
  try {
    scene.proxy.space = BACKLOG.answer;
    await pass(BACKLOG.ms);
    scene.proxy.space = 0;
    for (const trouble of inTurns(scene.random)) {
      await pass(Math.max(0, pause === 0 ? left() : Math.min(left(), pause * 1_000)));
      if (left() <= 0) return;
      say(`${trouble.name}, with ${scene.producer.count} records in the stream`);
      await trouble.happen(scene);
      troubles.set(trouble.name, (troubles.get(trouble.name) ?? 0) + 1);
    }
  } finally {
    await sampling.stop();
  }
}

/** All troubles, again and again, in an order that is never the same. */
function* inTurns(random: (limit: number) => number): Generator<Trouble> {
  while (true) {
    const rest = [...TROUBLES];
    while (rest.length > 0) yield rest.splice(random(rest.length), 1)[0]!;
  }
}
