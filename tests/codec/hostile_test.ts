import { deepEqual, equal, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { ArchiveDamage } from "../../src/codec/tri/archive_options.ts";
import { type QuarantinedRecord, readQuarantine } from "../../src/codec/tri/archive_quarantine.ts";
import { ArchiveBuilder } from "../../src/codec/tri/archive_builder.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { encodeEvent } from "../../src/codec/msgpack/encode.ts";
import {
  chunk,
  eventOf,
  eventsOf,
  HEADER,
  ID,
  position,
  readUntilError,
  shard,
  stored,
} from "./tri/archive_samples.ts";

/** A small archive of ours: compressed and stored chunks, two shards, quarantine. */
function ours(): Uint8Array {
  const builder = new ArchiveBuilder();
  builder.add(shard(0), position(1), encodeEvent({ text: "to be or not to be, to be or not" }));
  builder.add(shard(1), position(2), eventOf(30));
  builder.add(shard(0), position(3), encodeEvent({ n: 1 }));
  builder.quarantine({
    shardId: shard(1),
    ...position(4),
    partitionKey: "key",
    reason: "no map",
    data: Uint8Array.of(1, 2, 3),
  });
  return builder.finish(HEADER);
}

/** Like a file of go-triton: two flushes, and in the first an event that spans chunks. */
function flushed(): Uint8Array {
  const events = [encodeEvent({ a: 1 }), eventOf(40), encodeEvent({ b: [1, 2] }), eventOf(20)];
  const first = concatBytes(events.slice(0, 2));
  return concatBytes([
    ...[ID, stored(first.subarray(0, 20)), stored(first.subarray(20))],
    ...[ID, stored(concatBytes(events.slice(2)))],
  ]);
}

const FILES: readonly (readonly [name: string, file: Uint8Array])[] = [
  ["an archive of ours", ours()],
  ["an archive like go-triton's", flushed()],
  ...["ext", "oldspec", "onetiny"].map((name) =>
    [`go-triton's ${name}.tri`, golden(name)] as const
  ),
];

function golden(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../testdata/golden/${name}.tri`, import.meta.url)));
}

function hex(events: readonly Uint8Array[]): string[] {
  return events.map((event) => Buffer.from(event).toString("hex"));
}

function isFormatError(error: unknown, size: number): void {
  ok(error instanceof Error && error.name === "ArchiveFormatError", String(error));
  const { offset } = error as Error & { offset: number };
  ok(offset >= 0 && offset <= size, `offset ${offset} of ${size}`);
}

for (const [name, file] of FILES) {
  Deno.test(`readArchiveEvents() of ${name}, truncated anywhere, returns the first events`, async () => {
    const all = hex(await eventsOf(file));
    for (let size = 0; size < file.length; size++) {
      const { events, error } = await readUntilError(file.slice(0, size));
      deepEqual(hex(events), all.slice(0, events.length));
      if (error !== undefined) isFormatError(error, size);
      // These look like complete files: no bytes, only an identifier, and, for files of other
      // programs, files that end between two chunks.
      else if (name.includes("ours")) ok(size === 0 || size === 10, `no error at ${size}`);
      else ok(events.length < all.length || file.length - size === 10, `no error at ${size}`);
    }
  });

  Deno.test(`readArchiveEvents() of ${name}, with any bit flipped, returns no wrong event`, async () => {
    const all = hex(await eventsOf(file));
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = file.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const { events, error } = await readUntilError(damaged);
      if (error === undefined) deepEqual(hex(events), all, `bit ${bit} goes unnoticed`);
      else {
        deepEqual(hex(events), all.slice(0, events.length), `bit ${bit}`);
        isFormatError(error, file.length);
      }
    }
  });

  Deno.test(`readArchiveEvents() salvages ${name}, with any bit flipped, and reports the damage`, async () => {
    const all = hex(await eventsOf(file));
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = file.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      const damages: ArchiveDamage[] = [];
      const events = hex(await eventsOf(damaged, { onDamage: (d) => damages.push(d) }));
      ok(isSubsequence(events, all), `bit ${bit}: an event that was not one`);
      if (events.length < all.length) ok(damages.length > 0, `bit ${bit}: a loss goes untold`);
      for (const { offset, length, error } of damages) {
        ok(offset >= 0 && length >= 0 && offset + length <= file.length);
        isFormatError(error, file.length);
      }
    }
  });
}

function isSubsequence(part: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const item of all) if (item === part[at]) at++;
  return at === part.length;
}

Deno.test("readQuarantine(), with any bit flipped, returns no wrong record", async () => {
  const file = ours();
  const all = await quarantineOf(file);
  deepEqual(all.map((record) => record.reason), ["no map"]);
  for (let bit = 0; bit < file.length * 8; bit++) {
    const damaged = file.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    try {
      deepEqual(await quarantineOf(damaged), all, `bit ${bit}`);
    } catch (error) {
      isFormatError(error, file.length);
    }
  }
});

async function quarantineOf(file: Uint8Array): Promise<QuarantinedRecord[]> {
  const records: QuarantinedRecord[] = [];
  for await (const record of readQuarantine(file)) records.push(record);
  return records;
}

Deno.test("readArchiveEvents() of any bytes ends with events or a format error", async () => {
  const parts = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(ID, ours(), flushed(), stored(eventOf(50))),
    fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 50 })).map(([type, body]) =>
      chunk(type, body)
    ),
    fc.uint8Array({ maxLength: 50 }).map((data) => stored(data)),
  );
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(parts, { maxLength: 8 }), async (begun, list) => {
      const file = concatBytes(begun ? [ID, ...list] : list);
      const { error } = await readUntilError(file);
      if (error !== undefined) isFormatError(error, file.length);
      const damages: ArchiveDamage[] = [];
      await eventsOf(file, { onDamage: (damage) => damages.push(damage) });
      equal(damages.length > 0, error !== undefined);
      let last = 0;
      for (const { offset, length } of damages) {
        ok(offset >= last && offset + length <= file.length);
        last = offset;
      }
    }),
    { numRuns: 1000 },
  );
});
