/** The limits in docs/format.md that no other test reaches. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { ArchiveBuilder } from "../../src/codec/tri/archive_builder.ts";
import { eventsIn } from "../../src/codec/tri/archive_events.ts";
import { MAX_EVENT_BYTES } from "../../src/codec/tri/archive_format.ts";
import type { ArchiveDamage } from "../../src/codec/tri/archive_options.ts";
import { encodeQuarantined, readQuarantine } from "../../src/codec/tri/archive_quarantine.ts";
import { readArchiveBlocks } from "../../src/codec/tri/archive_reader.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { SnappySplitter } from "../../src/codec/snappy/splitter.ts";
import {
  decodeEvent,
  encodeEvent,
  msgpackToJson,
  NdjsonWriter,
  parseJsonEvent,
  skipEvent,
} from "../../src/codec/mod.ts";
import { archiveOf, cut, HEADER, ID, position, shard } from "./tri/archive_samples.ts";

/** Salvages a file: its events, what was lost, and how many bytes were read again. */
async function salvage(file: Uint8Array, pieceSize: number) {
  const { putBackTail } = SnappySplitter.prototype;
  let reread = 0;
  SnappySplitter.prototype.putBackTail = function (chunk) {
    reread += chunk.bytes.length;
    putBackTail.call(this, chunk);
  };
  try {
    const events: Uint8Array[] = [];
    const damages: ArchiveDamage[] = [];
    const onDamage = (damage: ArchiveDamage) => damages.push(damage);
    const pieces = cut(file, [pieceSize]);
    for await (const block of readArchiveBlocks(pieces, { onDamage })) {
      for (const event of eventsIn(block)) events.push(event.slice());
    }
    return { events, damages, reread };
  } finally {
    SnappySplitter.prototype.putBackTail = putBackTail;
  }
}

/** A number of identifiers, each followed by the header of a false chunk. */
function falseChunks(count: number, type: number, length: number): Uint8Array {
  const header = Uint8Array.of(type, length & 255, (length >> 8) & 255, length >> 16);
  return concatBytes(Array.from({ length: count }, () => [ID, header]).flat());
}

for (
  const [name, type, length] of [
    ["stored", 0x01, 65_540],
    ["compressed", 0x00, 300_000],
  ] as const
) {
  Deno.test(`onDamage: ${name} chunks in each other take time linear in the file`, async () => {
    const good = archiveOf([[0, encodeEvent({ n: 1 })]]);
    const file = concatBytes([
      good,
      falseChunks(40_000, type, length),
      new Uint8Array(length),
      good,
    ]);
    for (const pieceSize of [65_536, file.length]) {
      const { events, damages, reread } = await salvage(file, pieceSize);
      deepEqual([events[0], events.at(-1)], [encodeEvent({ n: 1 }), encodeEvent({ n: 1 })]);
      ok(damages.length > 0);
      ok(reread > 0 && reread <= 32 * 2 ** 20 + 16 * file.length, `${reread} bytes again`);
    }
  });
}

Deno.test("onDamage: bytes of 0xff take no time of their own", async () => {
  const file = concatBytes([ID, new Uint8Array(4_000_000).fill(0xff)]);
  const { events, damages } = await salvage(file, 65_536);
  deepEqual([events, damages.length], [[], 1]);
});

Deno.test("ArchiveBuilder refuses what readers refuse: more than 64 MiB", async () => {
  const builder = new ArchiveBuilder();
  const record = {
    ...{ shardId: shard(0), ...position(1), partitionKey: "key", reason: "not a map" },
    data: new Uint8Array(0),
  };
  const overhead = encodeQuarantined({ ...record, data: new Uint8Array(2 ** 20) }).length - 2 ** 20;
  const longest = { ...record, data: new Uint8Array(MAX_EVENT_BYTES - overhead) };
  const longer = { ...record, data: new Uint8Array(MAX_EVENT_BYTES - overhead + 1) };
  throws(() => builder.quarantine(longer), {
    name: "RangeError",
    message: "Cannot add quarantined record: it has 67108865 bytes, more than 67108864",
  });
  const event = new Uint8Array(MAX_EVENT_BYTES + 1);
  throws(() => builder.add(shard(0), position(1), event), { name: "RangeError" });
  equal(builder.isEmpty, true);
  builder.quarantine(longest);
  const [read] = await Array.fromAsync(readQuarantine(builder.finish(HEADER)));
  equal(read!.data.length, longest.data.length);
});

Deno.test("events are nested 10,000 deep and no deeper, wherever they are read or written", () => {
  const json = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const event = parseJsonEvent(json(10_000));
  equal(skipEvent(event, 0), event.length);
  equal(new TextDecoder().decode(msgpackToJson(event)), json(10_000));
  equal(new TextDecoder().decode(new NdjsonWriter().write(event)), `${json(10_000)}\n`);
  deepEqual(encodeEvent(decodeEvent(event)), event);
  throws(() => parseJsonEvent(json(10_001)), { name: "JsonEventError", message: /too deeply/ });
  const deeper = concatBytes([Uint8Array.of(0x81, 0xa1, 0x61), event]);
  const tooDeep = { name: "ArchiveFormatError", message: /more than 10000 deep/ };
  for (const read of [decodeEvent, msgpackToJson, (it: Uint8Array) => skipEvent(it, 0)]) {
    throws(() => read(deeper), tooDeep);
  }
  throws(() => new NdjsonWriter().write(deeper), tooDeep);
});
