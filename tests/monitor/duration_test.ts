import { deepStrictEqual } from "node:assert/strict";
import { duration } from "../../src/monitor/duration.ts";

Deno.test("duration() uses at most two units", () => {
  const texts = [-3_600_000, 0, 999, 61_000, 3_600_000, 3_660_000, 90_061_000].map(duration);
  deepStrictEqual(texts, ["0 s", "0 s", "0 s", "1 min 1 s", "1 h", "1 h 1 min", "1 d 1 h"]);
});
