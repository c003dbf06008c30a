import { equal, ok } from "node:assert/strict";
import { freeSlabs, mergeNeighbours, Slabs } from "../../src/codec/slabs.ts";

/** Size of a group whose chunk of 64 KiB cannot be compressed. */
const GROUP = 65_554;

Deno.test("Slabs allocates little more than is taken", () => {
  for (const count of [1, 2, 3, 5, 16, 100]) {
    const slabs = new Slabs();
    const parts = Array.from({ length: count }, () => slabs.take(GROUP));
    const buffers = new Set(parts.map(({ buffer }) => buffer));
    const allocated = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    ok(allocated < count * GROUP * 1.05 + 200_000, `${allocated} bytes for ${count} groups`);
  }
});

Deno.test("Slabs puts parts one after the other, and frees them together", () => {
  const slabs = new Slabs();
  const parts = [1, 2, 3].map((size) => slabs.copy(new Uint8Array(size).fill(size)));
  equal(mergeNeighbours(parts).join(), "1,2,2,3,3,3");
  freeSlabs(parts);
  equal(parts.every(({ length }) => length === 0), true);
});
