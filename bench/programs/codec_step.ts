/**
 * Repeats one step of the codec of a tree, on one thread, and prints its cost as JSON:
 * `deno run -A codec_step.ts ROOT STEP ARCHIVE COUNT`. With `library` after that, other libraries
 * do the step instead.
 *
 * @module
 */

import process from "node:process";
import { join, makeEvents, makeLongTexts, makeObjects } from "../support/events.ts";
import { LIBRARY, type StepCodec } from "../support/library_codec.ts";
import { median } from "../support/result.ts";

const RUNS = 5;
/** The JSON writer receives its input in pieces of about this size. */
const PIECE = 1 << 16;

const [root, step, archive, events, by] = Deno.args as [string, string, string, string, string?];
const count = Number(events);

/** Each step: makes its input, and returns the work. */
const STEPS: Readonly<Record<string, (codec: StepCodec) => () => unknown>> = {
  "validate": ({ validateEvent }) => {
    const events = makeEvents(count);
    return () => events.forEach((event) => validateEvent(event));
  },
  "decode": ({ decodeEvent }) => {
    const events = makeEvents(count);
    return () => events.forEach((event) => decodeEvent(event));
  },
  "encode": ({ encodeEvent }) => {
    const objects = [...makeObjects(count)];
    return () => objects.forEach((object) => encodeEvent(object));
  },
  "encode-long": ({ encodeEvent }) => {
    const objects = [...makeLongTexts(count)];
    return () => objects.forEach((object) => encodeEvent(object));
  },
  "from-json": ({ parseJsonEvent }) => {
    const lines = Array.from(makeObjects(count), (object) => JSON.stringify(object));
    return () => lines.forEach((line) => parseJsonEvent(line));
  },
  "to-json": ({ NdjsonWriter }) => {
    const writer = new NdjsonWriter();
    const pieces = piecesOf(makeEvents(count));
    return () => pieces.forEach((piece) => writer.write(piece));
  },
  "compress": ({ encodeSnappyFrames }) => {
    const joined = join(makeEvents(count));
    return () => exhaust(encodeSnappyFrames(joined));
  },
  "uncompress": ({ decodeSnappyFrames }) => {
    const frames = Deno.readFileSync(archive);
    return () => exhaust(decodeSnappyFrames(frames));
  },
};

function piecesOf(events: readonly Uint8Array[]): Uint8Array[] {
  const each = Math.ceil(PIECE / events[0]!.length);
  return Array.from(
    { length: Math.ceil(events.length / each) },
    (_, n) => join(events.slice(n * each, (n + 1) * each)),
  );
}

async function exhaust(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}

const codec = by === "library" ? LIBRARY : await import(`${root}/src/codec/mod.ts`);
const run = STEPS[step]!(codec);
await run();
const seconds: number[] = [];
const before = process.cpuUsage();
for (let n = 0; n < RUNS; n++) {
  const start = performance.now();
  await run();
  seconds.push((performance.now() - start) / 1000);
}
const { user, system } = process.cpuUsage(before);
const cpuSeconds = (user + system) / 1e6 / RUNS;
console.log(JSON.stringify({ seconds: median(seconds), cpuSeconds }));
