import { deepEqual, equal, ok } from "node:assert/strict";
import { ArchiveBuilder } from "../../../src/codec/tri/archive_builder.ts";
import {
  EMPTY_ARCHIVE,
  isEmptyArchive,
  promisesManifest,
} from "../../../src/codec/tri/archive_format.ts";
import { readManifest } from "../../../src/codec/tri/archive_tail.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { encodeEvent } from "../../../src/codec/msgpack/encode.ts";
import type { ShardId } from "../../../src/base/record.ts";
import { archiveOf, chunksOf, foreign, HEADER, ID, position, shard } from "./archive_samples.ts";

const a = encodeEvent({ name: "a", list: [1, 2, 3] });
const b = encodeEvent({ name: "b", nested: { x: null } });

Deno.test("readManifest() finds none in files of other programs", () => {
  for (const file of [EMPTY_ARCHIVE, new Uint8Array(0), foreign([a, b], [9])]) {
    deepEqual(readManifest(file, file.length), { type: "none" });
    deepEqual(readManifest(file.subarray(-22), file.length), { type: "none" });
  }
});

Deno.test("readManifest() returns how much of the file it needs", () => {
  const file = archiveOf([[0, a]]);
  deepEqual(readManifest(file.subarray(-21), file.length), { type: "more", bytes: 22 });
  const search = readManifest(file.subarray(-22), file.length);
  ok(search.type === "more");
  equal(readManifest(file.subarray(-search.bytes + 1), file.length).type, "more");
  const found = readManifest(file.subarray(-search.bytes), file.length);
  ok(found.type === "found");
  equal(found.size, search.bytes);
});

Deno.test("readManifest() rejects a manifest with any bit flipped, or does not find it", () => {
  const file = archiveOf([[0, a], [1, b]]);
  const whole = readManifest(file, file.length);
  ok(whole.type === "found");
  const begin = file.length - whole.size;
  for (let bit = 0; bit < whole.size * 8; bit++) {
    const damaged = file.slice(begin);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    try {
      const { type } = readManifest(damaged, file.length);
      ok(type !== "found", `bit ${bit}`);
    } catch (error) {
      ok(error instanceof Error && error.name === "ArchiveFormatError");
      const { offset } = error as Error & { offset: number };
      ok(offset >= begin && offset < file.length);
    }
  }
});

Deno.test("promisesManifest() and isEmptyArchive() recognize files by their first bytes", () => {
  const file = archiveOf([[0, a]]);
  equal(promisesManifest(file), true);
  equal(promisesManifest(file.subarray(0, 23)), true);
  equal(promisesManifest(file.subarray(0, 22)), false);
  equal(promisesManifest(foreign([a], [9])), false);
  equal(promisesManifest(EMPTY_ARCHIVE), false);
  deepEqual(
    [new Uint8Array(0), EMPTY_ARCHIVE, ID, file, concatBytes([ID, ID]), file.subarray(0, 10)].map(
      isEmptyArchive,
    ),
    [false, true, true, false, false, true],
  );
});

Deno.test("readManifest() finds a manifest with thousands of shards from the file's tail", () => {
  const builder = new ArchiveBuilder();
  const ids: ShardId[] = Array.from({ length: 3000 }, (_, i) => shard(i));
  ids.forEach((id, i) => builder.add(id, position(i), a));
  const file = builder.finish(HEADER);
  const first = readManifest(file.subarray(-8192), file.length);
  ok(first.type === "more" && first.bytes > 300_000);
  const search = readManifest(file.subarray(-first.bytes), file.length);
  ok(search.type === "found");
  deepEqual([...search.manifest.shards.keys()], ids);
  equal(search.manifest.shards.get(shard(2999))!.first, "2999");
  const bodies = chunksOf(file).filter(({ type }) => type === 0x80);
  ok(bodies.length > 5 && bodies.every(({ body }) => body.length < 65_536));
});
