import { deepEqual, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { ArchiveBuilder } from "../../../src/codec/tri/archive_builder.ts";
import { EMPTY_ARCHIVE } from "../../../src/codec/tri/archive_format.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeEvent } from "../../../src/codec/msgpack/encode.ts";
import {
  badRecord,
  checksum,
  chunksOf,
  eventOf,
  eventsOf,
  HEADER,
  ID,
  position,
  quarantineOf,
  shard,
} from "./archive_samples.ts";

const a = encodeEvent({ name: "a", list: [1, 2, 3] });

Deno.test("readQuarantine() returns the quarantined records in order", async () => {
  const sizes = [0, 10, 65_000, 200_000, 3];
  const records = sizes.map((size, i) => badRecord(i, new Uint8Array(size).fill(i)));
  const builder = new ArchiveBuilder();
  builder.add(shard(0), position(0), eventOf(100_000));
  records.forEach((record) => builder.quarantine(record));
  const file = builder.finish(HEADER);
  deepEqual(await quarantineOf(file), records);
  deepEqual(await quarantineOf(file, [1000]), records);
  deepEqual(await eventsOf(file), [eventOf(100_000)]);
  const bodies = chunksOf(file).filter(({ type }) => type >= 0x80).map(({ body }) => body.length);
  ok(Math.max(...bodies) === 65_535, "chunks that may be skipped stay under 65,536 bytes");
});

Deno.test("readQuarantine() returns the index in an aggregate", async () => {
  const records = [0, 7].map((sub) => ({
    ...badRecord(1, Uint8Array.of(sub)),
    subSequenceNumber: sub,
  }));
  const builder = new ArchiveBuilder();
  records.forEach((record) => builder.quarantine(record));
  deepEqual(await quarantineOf(builder.finish(HEADER)), records);
});

Deno.test("readQuarantine() finds nothing in files of other programs", async () => {
  deepEqual(await quarantineOf(EMPTY_ARCHIVE), []);
  const foreign = concatBytes([ID, Uint8Array.of(0x81, 2, 0, 0, 0xc1, 0xc1)]);
  deepEqual(await quarantineOf(foreign), []);
});

Deno.test("an archive is read even if its quarantine looks like data", async () => {
  // The second chunk of quarantine starts inside the record's bytes: with the checksum of the rest.
  const record = (data: Uint8Array) => {
    const builder = new ArchiveBuilder();
    builder.add(shard(0), position(0), a);
    const about = { shardId: shard(0), partitionKey: "k", reason: "no map", data };
    builder.quarantine({ ...about, ...position(1) });
    return builder.finish(HEADER);
  };
  const data = eventOf(140_000);
  const file = record(data);
  const second = file.indexOf(0x81, 23 + 18 + a.length) + 4 + 65_535;
  ok(file[second] === 0x81);
  const body = file.slice(second + 4, second + 4 + 65_535);
  const at = Buffer.from(data).indexOf(body.subarray(0, 1000));
  data.set(checksum(body.subarray(4)), at);
  const crafted = record(data);
  const header = crafted.subarray(second, second + 4);
  deepEqual(header, file.subarray(second, second + 4));
  deepEqual(await eventsOf(crafted), [a]);
});
