import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { ArchiveBuilder } from "../../../src/codec/tri/archive_builder.ts";
import { type ArchiveBlock, eventsIn } from "../../../src/codec/tri/archive_events.ts";
import { EMPTY_ARCHIVE, MAX_EVENT_BYTES } from "../../../src/codec/tri/archive_format.ts";
import type { ArchiveManifest } from "../../../src/codec/tri/archive_manifest.ts";
import { readArchiveBlocks } from "../../../src/codec/tri/archive_reader.ts";
import { readManifest } from "../../../src/codec/tri/archive_tail.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeEvent } from "../../../src/codec/msgpack/encode.ts";
import {
  anyEvent,
  archiveOf,
  chunk,
  cut,
  eventFrom,
  eventOf,
  eventsOf,
  foreign,
  HEADER,
  ID,
  pieceSizes,
  position,
  readUntilError,
  shard,
  stored,
} from "./archive_samples.ts";

const a = encodeEvent({ name: "a", list: [1, 2, 3] });
const b = encodeEvent({ name: "b", nested: { x: null } });

Deno.test("readArchiveEvents() joins events that span chunks, wherever they are split", async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 65_536 }), { minLength: 1 });
  const specs = fc.array(anyEvent, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(specs, sizes, pieceSizes, async (list, chunkSizes, sourceSizes) => {
      const events = list.map(eventFrom);
      const total = events.reduce((sum, event) => sum + event.length, 0);
      fc.pre(total / Math.min(...chunkSizes) < 5000);
      const read = await eventsOf(cut(foreign(events, chunkSizes), sourceSizes));
      equal(read.length, events.length);
      read.forEach((event, i) => deepEqual(event, events[i]));
    }),
    { numRuns: 40 },
  );
});

Deno.test("readArchiveEvents() joins an event across identifiers, padding and other chunks", async () => {
  const [head, rest] = [stored(a.subarray(0, 5)), stored(concatBytes([a.subarray(5), b]))];
  for (
    const between of [
      ID,
      chunk(0xfe, [0, 0]),
      chunk(0x80, [1]),
      chunk(0xc3, a),
      stored(ID.slice(0, 0)),
    ]
  ) {
    deepEqual(await eventsOf(concatBytes([ID, head, between, rest])), [a, b]);
  }
});

Deno.test("readArchiveEvents() reads empty files, and concatenated files", async () => {
  deepEqual(await eventsOf(new Uint8Array(0)), []);
  deepEqual(await eventsOf(EMPTY_ARCHIVE), []);
  const ours = archiveOf([[0, a], [1, b]]);
  const theirs = foreign([b, a], [7]);
  deepEqual(await eventsOf(concatBytes([ours, ours])), [a, b, a, b]);
  deepEqual(await eventsOf(concatBytes([EMPTY_ARCHIVE, ours, EMPTY_ARCHIVE])), [a, b]);
  deepEqual(await eventsOf(concatBytes([theirs, EMPTY_ARCHIVE, theirs, ours])), [b, a, b, a, a, b]);
});

Deno.test("readArchiveBlocks() yields complete events with the offset of their chunk", async () => {
  const file = foreign([a, b, a], [a.length + 3]);
  const blocks: ArchiveBlock[] = [];
  for await (const block of readArchiveBlocks(file)) blocks.push(block);
  deepEqual(blocks.map(({ count, offset }) => [count, offset]), [[1, 10], [1, 10], [
    1,
    10 + 8 + a.length + 3,
  ]]);
  deepEqual(blocks.flatMap((block) => [...eventsIn(block)]), [a, b, a]);
});

Deno.test("readArchiveBlocks() returns the same events if blocks share a buffer", async () => {
  const specs = fc.array(anyEvent, { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(specs, fc.boolean(), pieceSizes, async (list, isForeign, sizes) => {
      const events = list.map(eventFrom);
      const file = isForeign
        ? foreign(events, [20_000])
        : archiveOf(events.map((event, i) => [i % 2, event] as const));
      const read = async (reuse: boolean) => {
        const blocks: Uint8Array[] = [];
        for await (const { events } of readArchiveBlocks(cut(file, sizes), { reuse })) {
          blocks.push(events.slice());
        }
        return concatBytes(blocks);
      };
      ok(Buffer.from(await read(true)).equals(await read(false)));
    }),
    { numRuns: 40 },
  );
});

Deno.test("eventsIn() rejects a block that ends inside an event", () => {
  const block = { events: concatBytes([a, b.subarray(0, 5)]), count: 2, offset: 10 };
  throws(() => [...eventsIn(block)], { name: "ArchiveFormatError", offset: 10 });
});

Deno.test("readArchiveEvents() yields the good events before an invalid value", async () => {
  for (const bad of [[0x01], [0x91, 1], [0xc1], [0x81, 0xa1, 0x61, 0xc1], [0xff]]) {
    const file = concatBytes([ID, stored(concatBytes([a, b, Uint8Array.from(bad), a]))]);
    const { events, error } = await readUntilError(file);
    deepEqual(events, [a, b]);
    ok(error instanceof Error && error.name === "ArchiveFormatError");
    equal((error as Error & { offset: number }).offset, 10);
  }
});

/** Starts of events that claim impossible sizes. */
const CLAIMS: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ["a map of 4 billion entries", [0xdf, 0xff, 0xff, 0xff, 0xff]],
  ["an array of 4 billion values", [0x81, 0xa1, 0x61, 0xdd, 0xff, 0xff, 0xff, 0xff]],
  ["a string of 4 GiB", [0x81, 0xa1, 0x61, 0xdb, 0xff, 0xff, 0xff, 0xff]],
  ["binary of 65 MiB", [0x81, 0xa1, 0x61, 0xc6, 0x04, 0x10, 0, 0]],
  ["an extension of 4 GiB", [0x81, 0xa1, 0x61, 0xc9, 0xff, 0xff, 0xff, 0xff, 1]],
];

for (const [what, bytes] of CLAIMS) {
  Deno.test(`readArchiveEvents() rejects ${what} immediately`, async () => {
    const begun = stored(Uint8Array.from(bytes));
    let pieces = 0;
    const endless = function* () {
      yield concatBytes([ID, stored(a), begun]);
      for (const more = stored(new Uint8Array(1000));; pieces++) yield more;
    };
    const error = { name: "ArchiveFormatError", offset: 10 + 8 + a.length, message: /claims/ };
    await rejects(eventsOf(endless()), error);
    ok(pieces <= 1);
  });
}

Deno.test("readArchiveEvents() rejects nesting 100,000 deep", async () => {
  const deep = new Uint8Array(100_003).fill(0x91);
  deep.set([0x81, 0xa1, 0x61]);
  const events = [concatBytes([deep, Uint8Array.of(1)])];
  const { error } = await readUntilError(foreign(events, [65_536]));
  ok(error instanceof Error && error.name === "ArchiveFormatError" && /deep/.test(error.message));
});

Deno.test("readArchiveEvents() reads an event of 10 MiB", async () => {
  const list = Array.from({ length: 10 * 1024 * 1024 / 2 }, () => "x");
  const event = encodeEvent({ list });
  ok(event.length > 10 * 1024 * 1024 && event.length < MAX_EVENT_BYTES);
  const [long, small] = await eventsOf(archiveOf([[0, event], [0, a]]));
  ok(Buffer.from(long!).equals(event));
  deepEqual(small, a);
});

Deno.test("readArchiveEvents() detects truncation between chunks", async () => {
  const file = archiveOf([[0, a], [1, b]]);
  const group = 10 + 8 + a.length;
  for (const size of [23, 23 + 10, 23 + group, 23 + group + 10, 23 + group + 10 + 8 + b.length]) {
    const { error } = await readUntilError(file.subarray(0, size));
    ok(error instanceof Error && /truncated/.test(error.message), `at ${size}`);
    equal((error as Error & { offset: number }).offset, size);
  }
});

/** An archive of two groups whose first group is missing, duplicated, or last. */
function rearranged(order: readonly number[]): Uint8Array {
  const file = archiveOf([[0, a], [1, b]]);
  const size = 10 + 8 + a.length;
  const groups = [
    file.subarray(23, 23 + size),
    file.subarray(23 + size, 23 + size + 18 + b.length),
  ];
  const end = file.subarray(23 + size + 18 + b.length);
  return concatBytes([file.subarray(0, 23), ...order.map((i) => groups[i]!), end]);
}

Deno.test("readArchiveEvents() checks the events against the manifest", async () => {
  deepEqual(await eventsOf(rearranged([0, 1]), { verifyHash: true }), [a, b]);
  await rejects(eventsOf(rearranged([1])), {
    name: "ArchiveFormatError",
    message: /"events" is 2/,
  });
  await rejects(eventsOf(rearranged([0, 1, 1])), { message: /"events" is 2, but it is 3/ });
  await rejects(eventsOf(rearranged([1, 1])), { message: /"bytes"/ });
  await rejects(eventsOf(rearranged([1, 0]), { verifyHash: true }), { message: /"sha256"/ });
  deepEqual(await eventsOf(rearranged([1, 0])), [b, a], "only the hash tells this order");
});

Deno.test("readArchiveEvents() reports the manifest at the end", async () => {
  const manifests: ArchiveManifest[] = [];
  const file = archiveOf([[0, a], [1, b]]);
  await eventsOf(file, { onManifest: (manifest) => manifests.push(manifest) });
  const search = readManifest(file, file.length);
  ok(search.type === "found");
  deepEqual(manifests, [search.manifest]);
  const sha256 = createHash("sha256").update(a).update(b).digest("hex");
  equal(manifests[0]!.sha256, sha256);
  await eventsOf(foreign([a], [100]), { onManifest: () => ok(false) });
});

Deno.test("readArchiveEvents() detects data chunks with a skippable type", async () => {
  for (const type of [0x80, 0x81, 0x90]) {
    const file = concatBytes([ID, stored(a), chunk(type, stored(b).subarray(4))]);
    const { events, error } = await readUntilError(file);
    deepEqual(events, [a]);
    equal((error as Error & { offset: number }).offset, 10 + 8 + a.length);
  }
});

Deno.test("readArchiveEvents() never reads the rest of a long event as events", async () => {
  // The rest of the event consists of events, and the chunk before it is skipped.
  const inner = concatBytes(new Array(100).fill(a));
  const long = encodeEvent({ d: concatBytes([new Uint8Array(65_536 - 8), inner]) });
  const file = archiveOf([[0, b], [0, long]]);
  deepEqual(await eventsOf(file), [b, long]);
  const begin = 23 + 10 + 8 + b.length + 10;
  for (const type of [0x80, 0x81]) {
    file[begin] = type;
    const { events, error } = await readUntilError(file);
    deepEqual(events, [b]);
    ok(error instanceof Error && /but it contains data/.test(error.message));
  }
});

Deno.test("readArchiveEvents() rejects what is never in an archive of ours", async () => {
  const begin = archiveOf([[0, a]]).subarray(0, 23);
  const skippable = chunk(0x81, [0x80]);
  const behind = concatBytes([begin, ID, stored(a), skippable, stored(b)]);
  const { events, error } = await readUntilError(behind);
  deepEqual(events, [a]);
  ok(error instanceof Error && /the chunk before it does not/.test(error.message));
  for (const between of [skippable, ID, chunk(0xfe, [0])]) {
    const cutEvent = [stored(a.subarray(0, 5)), between, stored(a.subarray(5))];
    const file = concatBytes([begin, ID, ...cutEvent]);
    await rejects(eventsOf(file), { message: /is where an event continues/ });
  }
});

Deno.test("readArchiveBlocks() yields at most one chunk at a time from a long source", async () => {
  const builder = new ArchiveBuilder();
  for (let i = 0; i < 64; i++) builder.add(shard(i % 3), position(i), eventOf(10_000, i));
  const file = builder.finish(HEADER);
  let [count, most] = [0, 0];
  for await (const block of readArchiveBlocks([file, file, file])) {
    count += block.count;
    most = Math.max(most, block.events.length);
  }
  deepEqual([count, most], [64 * 3, 60_000]);
});
