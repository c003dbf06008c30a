/** Rows for the steps of the codec, on one thread, compared with other libraries. */

import { decode, encode } from "@msgpack/msgpack";
import * as snappy from "snappy";
import {
  decodeEvent,
  decodeSnappyFrames,
  encodeEvent,
  encodeSnappyFrames,
  NdjsonWriter,
  parseJsonEvent,
  skipEvent,
  validateEvent,
} from "../src/codec/mod.ts";
import { join, makeObjects } from "./support/events.ts";
import { median, type Result } from "./support/result.ts";
import type { Row, Workbench } from "./support/workbench.ts";

const RUNS = 7;
/** Enough for a measurement, and too much for the caches of any machine. */
const EVENTS = 40_000;
/** The JSON writer and Snappy receive their input in pieces of about this size. */
const PIECE = 1 << 16;

/** One way to do a step. */
interface Way {
  readonly by: string;
  run(): unknown;
}

/** A step, done by us and by others. */
interface Step {
  readonly name: string;
  readonly ours: Way;
  readonly others?: readonly Way[];
}

async function codec(bench: Workbench): Promise<Result[]> {
  const events = bench.events.slice(0, EVENTS);
  const joined = join(events);
  const copy = new Uint8Array(joined.length);
  const memcpy: Way = { by: "memcpy", run: () => copy.set(joined) };
  const steps = [...eventSteps(events), ...jsonSteps(joined), ...await snappySteps(joined)];
  const ways = [memcpy, ...steps.flatMap(({ ours, others = [] }) => [ours, ...others])];
  const speeds = await measure(ways, joined.length);
  return steps.map(({ name, ours, others = [] }) => ({
    row: "codec",
    what: `${name}: ${ours.by}`,
    speed: speeds.get(ours)!,
    unit: "MB",
    versus: Object.fromEntries(
      [...others, memcpy].map((other) => [other.by, speeds.get(ours)! / speeds.get(other)!]),
    ),
  }));
}

/** Speed of each way in MB/s: the median of interleaved runs, so that a busy moment affects all. */
async function measure(ways: readonly Way[], bytes: number): Promise<Map<Way, number>> {
  for (const way of ways) await way.run();
  const speeds = new Map(ways.map((way): [Way, number[]] => [way, []]));
  for (let run = 0; run < RUNS; run++) {
    for (const way of ways) {
      const start = performance.now();
      await way.run();
      speeds.get(way)!.push(bytes / (performance.now() - start) / 1000);
    }
  }
  return new Map([...speeds].map(([way, each]) => [way, median(each)]));
}

/** Steps that process events one by one. */
function eventSteps(events: readonly Uint8Array[]): Step[] {
  const objects = [...makeObjects(events.length)];
  const lines = objects.map((object) => JSON.stringify(object));
  const library = "@msgpack/msgpack";
  return [{
    name: "validate",
    ours: { by: "validateEvent", run: () => events.forEach((it) => validateEvent(it)) },
  }, {
    name: "decode",
    ours: { by: "decodeEvent", run: () => events.forEach((it) => decodeEvent(it)) },
    others: [{ by: library, run: () => events.forEach((it) => decode(it)) }],
  }, {
    name: "encode",
    ours: { by: "encodeEvent", run: () => objects.forEach((it) => encodeEvent(it)) },
    others: [{ by: library, run: () => objects.forEach((it) => encode(it)) }],
  }, {
    name: "JSON to event",
    ours: { by: "parseJsonEvent", run: () => lines.forEach((it) => parseJsonEvent(it)) },
    others: [{
      by: `JSON.parse and ${library}`,
      run: () => lines.forEach((it) => encode(JSON.parse(it))),
    }],
  }];
}

function jsonSteps(joined: Uint8Array): Step[] {
  const writer = new NdjsonWriter();
  const pieces = [...piecesOf(joined)];
  const text = new TextEncoder();
  const library = (piece: Uint8Array) => {
    for (let at = 0; at < piece.length;) {
      const end = skipEvent(piece, at);
      text.encode(`${JSON.stringify(decode(piece.subarray(at, end)))}\n`);
      at = end;
    }
  };
  return [{
    name: "event to JSON",
    ours: { by: "NdjsonWriter", run: () => pieces.forEach((it) => writer.write(it)) },
    others: [{
      by: "@msgpack/msgpack and JSON.stringify",
      run: () => pieces.forEach((it) => library(it)),
    }],
  }];
}

/** Our frames, and native blocks of the same size without their checksums. */
async function snappySteps(joined: Uint8Array): Promise<Step[]> {
  const frames = await Array.fromAsync(encodeSnappyFrames(joined));
  const plain = Array.from(
    { length: Math.ceil(joined.length / PIECE) },
    (_, n) => joined.subarray(n * PIECE, (n + 1) * PIECE),
  );
  const blocks = plain.map((block) => snappy.compressSync(block));
  return [{
    name: "compress",
    ours: { by: "encodeSnappyFrames", run: () => exhaust(encodeSnappyFrames(joined)) },
    others: [{
      by: "native snappy",
      run: () => plain.forEach((it) => snappy.compressSync(it)),
    }],
  }, {
    name: "uncompress",
    ours: { by: "decodeSnappyFrames", run: () => exhaust(decodeSnappyFrames(frames)) },
    others: [{
      by: "native snappy",
      run: () => blocks.forEach((it) => snappy.uncompressSync(it)),
    }],
  }];
}

function* piecesOf(joined: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  for (let at = 0; at < joined.length;) {
    at = skipEvent(joined, at);
    if (at - start < PIECE && at < joined.length) continue;
    yield joined.subarray(start, at);
    start = at;
  }
}

async function exhaust(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}

export const CODEC_ROWS: readonly Row[] = [
  { name: "codec", summary: "each step of the codec, in MB of MessagePack", run: codec },
];
