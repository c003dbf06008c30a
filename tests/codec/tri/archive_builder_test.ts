import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { ArchiveBuilder } from "../../../src/codec/tri/archive_builder.ts";
import { isEmptyArchive } from "../../../src/codec/tri/archive_format.ts";
import { readManifest } from "../../../src/codec/tri/archive_tail.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { decodeMsgpackSequence } from "../../../src/codec/msgpack/decode.ts";
import { encodeEvent } from "../../../src/codec/msgpack/encode.ts";
import { skipEvent } from "../../../src/codec/msgpack/scan.ts";
import type { SequenceNumber } from "../../../src/base/record.ts";
import {
  anyEvent,
  archiveOf,
  badRecord,
  chunksOf,
  cut,
  eventFrom,
  eventOf,
  eventsOf,
  type EventSpec,
  HEADER,
  manifestOf,
  pieceSizes,
  position,
  quarantineOf,
  shard,
} from "./archive_samples.ts";

const small = encodeEvent({ type: "click", x: 3 });

Deno.test("ArchiveBuilder.finish() follows the layout in archive_format.ts", () => {
  const file = archiveOf([[0, small], [0, small]]);
  const hex = Buffer.from(file).toString("hex");
  const opening = "ff060000734e61507059" + "8009000081a674726974" + "6f6e01";
  ok(hex.startsWith(opening + "ff060000734e61507059" + "01"));
  deepEqual(chunksOf(file).map(({ type }) => type), [0xff, 0x80, 0xff, 1, 0x80]);
  const trailer = Buffer.from(file.subarray(-18)).toString("hex");
  const size = chunksOf(file).at(-1)!.body.length + 4;
  ok(trailer.startsWith("d854" + "545249544f4e" + "0001" + size.toString(16).padStart(8, "0")));
});

Deno.test("ArchiveBuilder.finish() writes a manifest with the documented keys", () => {
  const builder = new ArchiveBuilder();
  builder.add(shard(1), position(5), small);
  builder.quarantine({ ...badRecord(1, small), ...position(6) });
  const previous = new Map([[shard(1), "4" as SequenceNumber]]);
  const file = builder.finish({ ...HEADER, previous, intent: "3f2a" });
  const bodies = chunksOf(file).filter(({ type }) => type === 0x80).map(({ body }) => body);
  const [opening, manifest, trailer, ...more] = [...decodeMsgpackSequence(concatBytes(bodies))];
  deepEqual(opening, { triton: 1 });
  deepEqual(more, []);
  equal((trailer as { type: number }).type, 84);
  const { quarantineCrc32c, quarantineBytes, ...rest } = manifest as Record<string, unknown>;
  ok(Number.isInteger(quarantineCrc32c) && Number.isInteger(quarantineBytes));
  deepEqual(JSON.parse(JSON.stringify(rest)), {
    format: 1,
    program: "triton test",
    stream: "clicks_prod",
    client: "store",
    createdAt: "2015-07-10T18:39:41Z",
    events: 1,
    bytes: small.length,
    sha256: createHash("sha256").update(small).digest("hex"),
    quarantined: 1,
    intent: "3f2a",
    shards: {
      "shardId-000000000001": {
        previous: "4",
        first: "5",
        last: "6",
        events: 1,
        quarantined: 1,
        firstArrival: "2015-07-10T00:00:00.005Z",
        lastArrival: "2015-07-10T00:00:00.006Z",
      },
    },
  });
});

Deno.test("ArchiveBuilder.finish() without records is a file without events", async () => {
  const builder = new ArchiveBuilder();
  equal(builder.isEmpty, true);
  const file = builder.finish(HEADER);
  deepEqual(await eventsOf(file), []);
  equal(manifestOf(file).events, 0);
  deepEqual(manifestOf(file).shards, new Map());
  equal(isEmptyArchive(file), false);
});

Deno.test("ArchiveBuilder.shards has the contents of each shard", () => {
  const builder = new ArchiveBuilder();
  builder.add(shard(0), position(10), small);
  builder.add(shard(1), position(7), small);
  builder.quarantine({ ...badRecord(0, small), ...position(11), arrivedAt: new Date(0) });
  deepEqual([...builder.shards.keys()], [shard(0), shard(1)]);
  deepEqual(builder.shards.get(shard(0)), {
    first: "10",
    last: "11",
    events: 1,
    quarantined: 1,
    firstArrival: new Date(0),
    lastArrival: position(10).arrivedAt,
  });
  deepEqual([builder.events, builder.quarantined, builder.isEmpty], [2, 1, false]);
});

Deno.test("ArchiveBuilder.finish() builds the file again, under another name and without a shard", async () => {
  const builder = new ArchiveBuilder();
  builder.add(shard(0), position(0), eventOf(20));
  builder.add(shard(1), position(1), eventOf(30));
  const first = builder.finish(HEADER);
  deepEqual(builder.finish(HEADER), first);
  builder.removeShard(shard(0));
  const search = readManifest(builder.finish({ ...HEADER, client: "other" }), 1e9);
  if (search.type !== "found") throw new Error("no manifest");
  deepEqual([search.manifest.client, search.manifest.events], ["other", 1]);
  deepEqual(await eventsOf(builder.finish({ ...HEADER, client: "other" })), [eventOf(30)]);
});

Deno.test("ArchiveBuilder.finishParts() returns the same file in few parts, also without a shard", () => {
  const builder = new ArchiveBuilder();
  const noise = (n: number) => encodeEvent({ n, noise: randomBytes(60_000) });
  for (let n = 0; n < 50; n++) builder.add(shard(n % 2), position(n), noise(n));
  for (let n = 0; n < 2; n++) {
    const parts = builder.finishParts(HEADER);
    deepEqual(concatBytes(parts), builder.finish(HEADER));
    // Four events of 60 KB fit into one.
    const events = n === 0 ? 50 : 25;
    ok(parts.length <= events / 4 + 4, `${parts.length} parts`);
    builder.removeShard(shard(0));
  }
});

Deno.test("ArchiveBuilder that is disposed has freed its parts, and builds no file", () => {
  const builder = new ArchiveBuilder();
  builder.add(shard(0), position(0), eventOf(200_000));
  const [, ...parts] = builder.finishParts(HEADER);
  builder[Symbol.dispose]();
  deepEqual(parts.slice(0, -1).map(({ length }) => length), parts.slice(0, -1).map(() => 0));
  ok(parts.length > 1);
  throws(() => builder.finish(HEADER), TypeError);
});

Deno.test("ArchiveBuilder.add() rejects an empty event, and copies the others", async () => {
  const builder = new ArchiveBuilder();
  throws(() => builder.add(shard(0), position(0), new Uint8Array(0)), TypeError);
  const sizes = [20, 70_000];
  for (const size of sizes) {
    const event = eventOf(size);
    builder.add(shard(0), position(size), event);
    event.fill(0);
  }
  deepEqual(await eventsOf(builder.finish(HEADER)), sizes.map((size) => eventOf(size)));
});

Deno.test("ArchiveBuilder fills chunks up to 65,536 bytes", () => {
  const half = eventOf(32_768);
  const sizes = (events: readonly Uint8Array[]) =>
    chunksOf(archiveOf(events.map((event) => [0, event])))
      .filter(({ type }) => type <= 1).map(({ data }) => data.length);
  deepEqual(sizes([half, half]), [65_536]);
  deepEqual(sizes([half, half, small]), [65_536, small.length]);
  deepEqual(sizes([half, eventOf(32_769)]), [32_768, 32_769]);
  deepEqual(sizes([small, eventOf(65_536), small]), [small.length, 65_536, small.length]);
  deepEqual(sizes([small, eventOf(65_537), small]), [small.length, 65_536, 1, small.length]);
});

/** A record of a shard: an event, or other bytes. */
type Input = { readonly shard: number; readonly event: EventSpec; readonly isEvent: boolean };

const inputs: fc.Arbitrary<Input[]> = fc.array(
  fc.record({
    shard: fc.nat(3),
    event: anyEvent,
    isEvent: fc.integer({ min: 0, max: 9 }).map((n) => n < 9),
  }),
  { maxLength: 30 },
);

function build(records: readonly Input[], except?: number): ArchiveBuilder {
  const builder = new ArchiveBuilder();
  records.forEach((record, i) => {
    const event = eventFrom(record.event);
    if (record.shard === except) return;
    if (record.isEvent) builder.add(shard(record.shard), position(i), event);
    else builder.quarantine({ ...badRecord(i, event), shardId: shard(record.shard) });
  });
  return builder;
}

/** The expected records, as text that can be compared and sorted. */
function hexOf(records: readonly Input[], isEvent: boolean): string[] {
  return records.filter((r) => r.isEvent === isEvent).map((r) => hex(eventFrom(r.event)));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

Deno.test("an archive returns every event and every other record, whatever the pieces", async () => {
  await fc.assert(
    fc.asyncProperty(inputs, pieceSizes, async (records, sizes) => {
      const file = build(records).finish(HEADER);
      const events = await eventsOf(cut(file, sizes), { verifyHash: true });
      deepEqual(events.map(hex).toSorted(), hexOf(records, true).toSorted());
      const bad = await quarantineOf(file, sizes);
      deepEqual(bad.map((record) => hex(record.data)), hexOf(records, false));
    }),
    { numRuns: 50 },
  );
});

Deno.test("an archive returns the events of each shard in order", async () => {
  const sizes = [20, 70_000, 300, 65_536, 40_000, 40_000, 9];
  const numbers = [0, 1, 2, 0, 1, 0, 0, 2, 1, 1, 2, 0];
  const events = numbers.map((_, i) => eventOf(sizes[i % sizes.length]!, i));
  const read = await eventsOf(archiveOf(numbers.map((number, i) => [number, events[i]!])));
  for (const number of [0, 1, 2]) {
    const expected = events.filter((_, i) => numbers[i] === number).map(hex);
    deepEqual(read.map(hex).filter((event) => expected.includes(event)), expected);
  }
  equal(read.length, numbers.length);
});

/** The data of a file's groups, between the stream identifiers. */
function groupsOf(file: Uint8Array): Uint8Array[][] {
  const groups: Uint8Array[][] = [];
  for (const { type, data } of chunksOf(file)) {
    if (type === 0xff) groups.push([]);
    else if (type <= 1) groups.at(-1)!.push(data);
  }
  return groups.slice(1);
}

function countEvents(data: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < data.length; count++) {
    at = skipEvent(data, at);
    ok(at > 0, "no event goes on in the next group");
  }
  return count;
}

Deno.test("every group of an archive has complete events, or one event in several chunks", () => {
  fc.assert(
    fc.property(inputs, (records) => {
      for (const group of groupsOf(build(records).finish(HEADER))) {
        const joined = concatBytes(group);
        const count = countEvents(joined);
        ok(group.every((data) => data.length <= 65_536));
        ok(group.length === 1 || (count === 1 && joined.length > 65_536));
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("ArchiveBuilder.size is an upper bound of everything except the manifest", () => {
  fc.assert(
    fc.property(inputs, fc.nat(3), (records, removed) => {
      const builder = build(records);
      builder.removeShard(shard(removed));
      const bound = builder.size;
      const file = builder.finish(HEADER);
      const search = readManifest(file, file.length);
      ok(search.type === "found" && file.length - search.size <= bound);
      ok(chunksOf(file).every(({ type, body }) => type < 0x80 || body.length < 65_536));
    }),
    { numRuns: 60 },
  );
});

Deno.test("ArchiveBuilder.removeShard() gives the same file as without the shard", () => {
  fc.assert(
    fc.property(inputs, inputs, fc.nat(3), (before, after, removed) => {
      const builder = build(before);
      builder.removeShard(shard(removed));
      const other = build(before, removed);
      equal(builder.isEmpty, other.isEmpty);
      equal(builder.size, other.size);
      after.forEach((record, i) => {
        builder.add(shard(record.shard), position(1000 + i), eventFrom(record.event));
        other.add(shard(record.shard), position(1000 + i), eventFrom(record.event));
      });
      equal(hex(builder.finish(HEADER)), hex(other.finish(HEADER)));
    }),
    { numRuns: 30 },
  );
});
