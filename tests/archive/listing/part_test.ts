import { deepStrictEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import {
  type ArchivePart,
  isInPart,
  listAllArchives,
  listArchives,
  openArchive,
  parsePart,
} from "../../../src/archive/mod.ts";
import { MemoryObjectStore } from "../../../src/objects/mod.ts";
import { putArchives } from "../archives.ts";

/** CRC-32C, bit by bit. */
function crcOf(text: string): number {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function partsOf(count: number): ArchivePart[] {
  return Array.from({ length: count }, (_, i) => ({ number: i + 1, of: count }));
}

Deno.test("isInPart() puts each key into exactly one part, by its CRC-32C", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 300 }), (key, count) => {
      const parts = partsOf(count).filter((part) => isInPart(key, part));
      deepStrictEqual(parts, [{ number: crcOf(key) % count + 1, of: count }]);
    }),
  );
  ok(isInPart("any", undefined));
});

Deno.test("isInPart() divides the keys of a stream evenly", () => {
  const keys = Array.from(
    { length: 10_000 },
    (_, i) => `20150710/clicks-store-${1436486400 + i}.tri`,
  );
  for (const part of partsOf(8)) {
    const { length } = keys.filter((key) => isInPart(key, part));
    ok(length > 1_100 && length < 1_400, `part ${part.number}: ${length}`);
  }
});

Deno.test("parts of an archive are disjoint, in order, and their union is all", async () => {
  const store = new MemoryObjectStore();
  await putArchives(store, 60, { minutes: 7 * 24 * 60 });
  await putArchives(store, 20, { client: "other" });
  const selection = { stream: "clicks", from: "20150101", to: "20161231" };
  const keys = (part?: ArchivePart) =>
    Array.fromAsync(listArchives(store, { ...selection, part }), ({ key }) => key);
  const all = await keys();
  equal(all.length, 80);
  for (const count of [1, 2, 7, 100]) {
    const parts = await Promise.all(partsOf(count).map(keys));
    for (const [i, part] of partsOf(count).entries()) {
      deepStrictEqual(parts[i], all.filter((key) => isInPart(key, part)));
      const { stream } = selection;
      const whole = listAllArchives(store, { stream, part });
      deepStrictEqual(await Array.fromAsync(whole, ({ key }) => key), parts[i]);
      await using archive = openArchive(store, { ...selection, part });
      deepStrictEqual(await Array.fromAsync(archive, ({ key }) => key), parts[i]);
    }
    deepStrictEqual(parts.flat().sort(), [...all].sort());
  }
});

Deno.test("parsePart() parses a part that exists, and says what is wrong with another", () => {
  deepStrictEqual(parsePart("1/1"), { number: 1, of: 1 });
  deepStrictEqual(parsePart("64/64"), { number: 64, of: 64 });
  const noPart = (text: string) => ({
    name: "RangeError",
    message: `Cannot use part "${text}": it is not I/N, such as 3/64 for the third of 64 parts`,
  });
  for (const text of ["", "3", "1.5/2", "-1/2", "1/2/3", " 1/2", "one/two", "1/"]) {
    throws(() => parsePart(text), noPart(text));
  }
  for (const text of ["0/4", "5/4"]) {
    throws(() => parsePart(text), {
      name: "RangeError",
      message: `Cannot use part "${text}": the parts are 1/4 to 4/4`,
    });
  }
  throws(() => parsePart("1/0"), {
    message: 'Cannot use part "1/0": the number of parts is not a positive integer',
  });
});

Deno.test("a part that does not exist is refused before anything is read", async () => {
  const store = new MemoryObjectStore();
  const options = { stream: "clicks", from: "20150710", part: { number: 1.5, of: 2 } };
  const error = {
    name: "RangeError",
    message: 'Cannot use part "1.5/2": the parts are 1/2 to 2/2',
  };
  throws(() => openArchive(store, options), error);
  const { stream, part } = options;
  for (const archives of [listArchives(store, options), listAllArchives(store, { stream, part })]) {
    await Array.fromAsync(archives).then(
      () => ok(false),
      ({ name, message }) => deepStrictEqual({ name, message }, error),
    );
  }
});
