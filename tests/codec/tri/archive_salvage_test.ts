import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import type { ArchiveDamage } from "../../../src/codec/tri/archive_options.ts";
import { readArchiveBlocks } from "../../../src/codec/tri/archive_reader.ts";
import { eventsIn } from "../../../src/codec/tri/archive_events.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeEvent } from "../../../src/codec/msgpack/encode.ts";
import {
  archiveOf,
  cut,
  eventOf,
  HEADER,
  ID,
  pieceSizes,
  position,
  shard,
  stored,
} from "./archive_samples.ts";
import { ArchiveBuilder } from "../../../src/codec/tri/archive_builder.ts";

const event = (n: number) => encodeEvent({ n });

/** Salvages a file: its events, and what was lost. */
async function salvaged(
  file: Uint8Array | Iterable<Uint8Array>,
): Promise<{ events: Uint8Array[]; damages: ArchiveDamage[] }> {
  const damages: ArchiveDamage[] = [];
  const events: Uint8Array[] = [];
  const onDamage = (damage: ArchiveDamage) => damages.push(damage);
  for await (const block of readArchiveBlocks(file, { onDamage })) events.push(...eventsIn(block));
  return { events, damages };
}

/** Copies a file with one byte changed. */
function changed(file: Uint8Array, at: number, byte?: number): Uint8Array {
  const copy = file.slice();
  copy[at] = byte ?? copy[at]! ^ 0x55;
  return copy;
}

/** An archive of three groups with one event each, and where each group starts. */
function threeGroups(long?: Uint8Array): { file: Uint8Array; at: number[] } {
  const file = long === undefined
    ? archiveOf([[0, event(1)], [1, event(2)], [2, event(3)]])
    : archiveOf([[0, event(1)], [0, long], [0, event(3)]]);
  const at: number[] = [];
  for (let i = 0; i + 10 <= file.length; i++) {
    if (ID.every((byte, j) => file[i + j] === byte)) at.push(i);
  }
  return { file, at: at.slice(1) };
}

Deno.test("onDamage: a damaged chunk of ours loses only its own events", async () => {
  const { file, at } = threeGroups();
  const { events, damages } = await salvaged(changed(file, at[1]! + 10 + 9));
  deepEqual(events, [event(1), event(3)]);
  deepEqual(damages.map(({ offset, length }) => [offset, length]), [[at[1]! + 10, 8 + 4]]);
  ok(/checksum/.test(damages[0]!.error.message));
});

Deno.test("onDamage: a damaged header of ours loses only the events of its chunk", async () => {
  const { file, at } = threeGroups();
  for (const [field, byte] of [[0, 0x02], [0, 0x90], [1, 200], [2, 9], [3, 255]] as const) {
    const { events, damages } = await salvaged(changed(file, at[1]! + 10 + field, byte));
    deepEqual(events, [event(1), event(3)], `byte ${field} of the header`);
    deepEqual(damages.map(({ offset, length }) => [offset, length]), [[at[1]! + 10, 8 + 4]]);
  }
});

Deno.test("onDamage: a damaged stream identifier loses the chunk after it", async () => {
  const { file, at } = threeGroups();
  for (let i = 0; i < 10; i++) {
    const { events, damages } = await salvaged(changed(file, at[1]! + i, 0x2a));
    deepEqual(events, [event(1), event(3)], `byte ${i} of the identifier`);
    deepEqual(damages.map(({ offset, length }) => [offset, length]), [[at[1], 10 + 8 + 4]]);
  }
});

Deno.test("onDamage: no part of a long event is read as an event", async () => {
  // The event contains events, placed so that its second chunk consists only of them.
  const filler = new Uint8Array(65_536 - 8);
  const inner = new Uint8Array(65_536 + 100);
  for (let i = 0; i < inner.length; i += 4) inner.set(event(7), i);
  const long = encodeEvent({ a: concatBytes([filler, inner]) });
  ok(long[65_536] === 0x81, "the second chunk looks like events");
  const { file, at } = threeGroups(long);
  deepEqual((await salvaged(file)).events, [event(1), long, event(3)]);
  const { events, damages } = await salvaged(changed(file, at[1]! + 20));
  deepEqual(events, [event(1), event(3)]);
  deepEqual(damages.map(({ offset, length }) => offset + length), [at[2]]);
});

Deno.test("onDamage: a long event without its last chunk loses only itself", async () => {
  const long = eventOf(70_000);
  const { file, at } = threeGroups(long);
  const last = at[2]! - 8 - (70_000 - 65_536);
  const { events, damages } = await salvaged(
    concatBytes([file.subarray(0, last), file.subarray(at[2]!)]),
  );
  deepEqual(events, [event(1), event(3)]);
  deepEqual(damages.map(({ offset, length }) => [offset, length]), [[
    at[1]! + 10,
    last - at[1]! - 10,
  ]]);
});

Deno.test("onDamage: reading files of go-triton continues at the next flush", async () => {
  const data = concatBytes([event(1), event(2), event(3), event(4)]);
  const flush = [data.subarray(0, 6), data.subarray(6, 10), data.subarray(10)].map(stored);
  const file = concatBytes([ID, ...flush, ID, ...flush]);
  const size = ID.length + flush[0]!.length + flush[1]!.length + flush[2]!.length;
  const second = ID.length + flush[0]!.length;
  const { events, damages } = await salvaged(changed(file, second + 9));
  deepEqual(events, [event(1), ...[1, 2, 3, 4].map(event)]);
  // The event that the damaged chunk completes starts in the chunk before.
  deepEqual(damages.map(({ offset, length }) => [offset, length]), [[10, size - 10]]);
});

Deno.test("onDamage: an invalid value loses the rest of its flush", async () => {
  const bad = concatBytes([event(1), Uint8Array.of(0xc1), event(2)]);
  const file = concatBytes([ID, stored(bad), stored(event(3)), ID, stored(event(4))]);
  const { events, damages } = await salvaged(file);
  deepEqual(events, [event(1), event(4)]);
  equal(damages.length, 1);
  ok(/0xc1/.test(damages[0]!.error.message));
});

Deno.test("onDamage: a truncated archive returns what is left, and the damage is reported", async () => {
  const { file, at } = threeGroups();
  for (const size of [at[1]! + 15, at[2]!, at[2]! + 10 + 12]) {
    const { events, damages } = await salvaged(file.slice(0, size));
    deepEqual(
      events,
      [event(1), event(2), event(3)].slice(0, size === at[1]! + 15 ? 1 : size === at[2] ? 2 : 3),
    );
    ok(damages.length >= 1 && /truncated|ends after/.test(damages.at(-1)!.error.message));
  }
});

Deno.test("onDamage: garbage between, before and after chunks is skipped", async () => {
  const { file, at } = threeGroups();
  const garbage = eventOf(1000).subarray(10);
  for (const place of [0, at[1]!, file.length]) {
    const mixed = concatBytes([file.subarray(0, place), garbage, file.subarray(place)]);
    const { events, damages } = await salvaged(mixed);
    deepEqual(events, [event(1), event(2), event(3)], `garbage at ${place}`);
    ok(damages.length > 0 && damages[0]!.offset === place);
  }
});

Deno.test("onDamage: no false damage is reported", async () => {
  const { file } = threeGroups();
  const { damages } = await salvaged(concatBytes([file, ID, stored(event(1))]));
  deepEqual(damages.map(({ error }) => error.message), [
    `Cannot trust archive that ends at offset ${
      file.length + 10 + 12
    }: it promises a manifest but does not end with one, so it was truncated`,
  ]);
  deepEqual((await salvaged(file)).damages, []);
});

Deno.test("onDamage: whatever is overwritten, only good events are returned, and losses are reported", async () => {
  const sizes = [30, 200, 40_000, 30_000, 65_536, 100_000, 50];
  const builder = new ArchiveBuilder();
  const all = sizes.flatMap((size, i) => [eventOf(size, i), event(i)]);
  all.forEach((bytes, i) => builder.add(shard(i % 2), position(i), bytes));
  const file = builder.finish(HEADER);
  const good = new Set(all.map((bytes) => bytes.join()));
  const overwrite = fc.tuple(
    fc.nat(file.length - 1),
    fc.uint8Array({ minLength: 1, maxLength: 99 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(overwrite, { maxLength: 4 }), pieceSizes, async (list, pieces) => {
      const damaged = file.slice();
      for (const [at, bytes] of list) damaged.set(bytes.subarray(0, file.length - at), at);
      const { events, damages } = await salvaged(cut(damaged, pieces));
      ok(events.every((bytes) => good.has(bytes.join())));
      if (events.length < all.length) ok(damages.length > 0);
    }),
    { numRuns: 40 },
  );
});
