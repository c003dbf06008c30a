import { equal, ok } from "node:assert/strict";
import { rotationOffset, untilRotation } from "../../../src/archiver/files/rotation.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

Deno.test("untilRotation() is the time to the next multiple, later by the offset", () => {
  equal(untilRotation(2 * HOUR - 1, HOUR), 1);
  equal(untilRotation(2 * HOUR, HOUR), HOUR);
  equal(untilRotation(2 * HOUR, HOUR, 7_000), 7_000);
  equal(untilRotation(2 * HOUR + 6_999, HOUR, 7_000), 1);
  equal(untilRotation(2 * HOUR + 7_000, HOUR, 7_000), HOUR);
});

Deno.test("rotationOffset() spreads streams within a minute, and within the interval", () => {
  const names = Array.from({ length: 1_000 }, (_, n) => `stream_${n}`);
  for (const rotateMs of [HOUR, 10_000]) {
    const width = Math.min(MINUTE, rotateMs);
    const counts = new Array<number>(10).fill(0);
    for (const name of names) {
      const offset = rotationOffset(name, rotateMs);
      ok(offset >= 0 && offset < width, `${offset} ms`);
      equal(rotationOffset(name, rotateMs), offset);
      counts[Math.floor(offset / width * 10)]!++;
    }
    ok(Math.min(...counts) > 60 && Math.max(...counts) < 140, `${counts}`);
  }
});
