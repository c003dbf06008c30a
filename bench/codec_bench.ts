/**
 * How fast each step of the codec is, beside `@msgpack/msgpack` and native `snappy`, in MB of
 * MessagePack a second on one thread: `deno run -A bench/codec_bench.ts [--json]`.
 */

import { decode, encode } from "@msgpack/msgpack";
import * as snappy from "snappy";
import {
  decodeEvent,
  decodeMsgpackSequence,
  decodeSnappyFrames,
  encodeEvent,
  encodeSnappyFrames,
  NdjsonWriter,
  parseJsonEvent,
  skipEvent,
  validateEvent,
} from "../src/codec/mod.ts";
import { type Dataset, loadEarthquakes, loadFlights } from "./support/datasets.ts";
import { measure, printTable, type Result, type Step } from "./support/measure.ts";

const RUNS = 7;
/** Events are handed to the JSON writer, and bytes to Snappy, in pieces of about this size. */
const PIECE = 1 << 16;

/** Steps over events one by one. */
function eventSteps({ objects, events, joined }: Dataset): Step[] {
  const bytes = joined.length;
  const each = (work: (event: Uint8Array) => void) => () => events.forEach((it) => work(it));
  const lines = objects.map((object) => JSON.stringify(object));
  return [
    { name: "validate", by: "validateEvent", bytes, run: each(validateEvent) },
    { name: "decode", by: "decodeEvent", bytes, run: each(decodeEvent) },
    { name: "decode", by: "@msgpack/msgpack", bytes, run: each(decode) },
    {
      name: "encode",
      by: "encodeEvent",
      bytes,
      run: () => objects.forEach((it) => encodeEvent(it)),
    },
    {
      name: "encode",
      by: "@msgpack/msgpack",
      bytes,
      run: () => objects.forEach((it) => encode(it)),
    },
    {
      name: "JSON to event",
      by: "parseJsonEvent",
      bytes,
      run: () => lines.forEach((it) => parseJsonEvent(it)),
    },
    {
      name: "JSON to event",
      by: "JSON.parse, @msgpack/msgpack",
      bytes,
      run: () => lines.forEach((it) => encode(JSON.parse(it))),
    },
  ];
}

/** Steps over all events as one stretch of bytes, in pieces that end with an event. */
function bulkSteps({ joined }: Dataset): Step[] {
  const bytes = joined.length;
  const writer = new NdjsonWriter();
  const pieces = [...piecesOf(joined)];
  const text = new TextEncoder();
  const stringify = (event: unknown) => text.encode(`${JSON.stringify(event)}\n`);
  return [
    { name: "skip", by: "skipEvent", bytes, run: () => pieces.forEach(countEvents) },
    {
      name: "decode in sequence",
      by: "decodeMsgpackSequence",
      bytes,
      run: () => pieces.forEach(drain),
    },
    {
      name: "MessagePack to JSON",
      by: "NdjsonWriter",
      bytes,
      run: () => pieces.forEach((it) => writer.write(it)),
    },
    {
      name: "MessagePack to JSON",
      by: "decode, JSON.stringify",
      bytes,
      run: () => pieces.forEach((it) => decodeMsgpackSequence(it).forEach(stringify)),
    },
  ];
}

/** Compressing and uncompressing, by our frames and by native blocks of the same size. */
async function snappySteps({ joined }: Dataset): Promise<Step[]> {
  const bytes = joined.length;
  const frames = await Array.fromAsync(encodeSnappyFrames(joined));
  const plain = Array.from({ length: Math.ceil(bytes / PIECE) }, (_, n) => {
    return joined.subarray(n * PIECE, (n + 1) * PIECE);
  });
  const blocks = plain.map((block) => snappy.compressSync(block));
  return [
    {
      name: "frames in",
      by: "encodeSnappyFrames",
      bytes,
      run: () => exhaust(encodeSnappyFrames(joined)),
    },
    {
      name: "blocks in",
      by: "native snappy, no CRC",
      bytes,
      run: () => plain.forEach((it) => snappy.compressSync(it)),
    },
    {
      name: "frames out",
      by: "decodeSnappyFrames",
      bytes,
      run: () => exhaust(decodeSnappyFrames(frames)),
    },
    {
      name: "blocks out",
      by: "native snappy, no CRC",
      bytes,
      run: () => blocks.forEach((it) => snappy.uncompressSync(it)),
    },
  ];
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

function countEvents(piece: Uint8Array): void {
  for (let at = 0; at < piece.length;) at = skipEvent(piece, at);
}

function drain(piece: Uint8Array): void {
  for (const _ of decodeMsgpackSequence(piece));
}

async function exhaust(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}

const all: Record<string, Result[]> = {};
// One after the other: with both in memory the encoder came to a third of its speed on the
// earthquakes (best of 7 runs 67 and 93 MB/s, not 287).
for (const load of [() => loadEarthquakes(20), () => loadFlights(1)]) {
  const dataset = await load();
  const steps = [...eventSteps(dataset), ...bulkSteps(dataset), ...await snappySteps(dataset)];
  all[dataset.name] = await measure(steps, RUNS);
  if (Deno.args.includes("--json")) continue;
  const { events, joined } = dataset;
  const megabytes = (joined.length / 1e6).toFixed(1);
  printTable(`${dataset.name}: ${events.length} events, ${megabytes} MB`, all[dataset.name]!);
}
if (Deno.args.includes("--json")) console.log(JSON.stringify(all, null, 2));
