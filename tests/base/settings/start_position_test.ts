import { deepEqual, throws } from "node:assert/strict";
import { parseStartPosition } from "../../../src/kinesis/mod.ts";

const NOW = Date.UTC(2026, 8, 2);

Deno.test("parseStartPosition() reads names, days and times", () => {
  const at = (time: string) => ({ type: "at-timestamp", timestamp: new Date(time) });
  const cases: readonly (readonly [string, unknown])[] = [
    ["latest", { type: "latest" }],
    ["trim-horizon", { type: "trim-horizon" }],
    ["2015-10-01", at("2015-10-01T00:00:00.000Z")],
    ["2024-02-29", at("2024-02-29T00:00:00.000Z")],
    ["2026-09-01T12:00:00Z", at("2026-09-01T12:00:00.000Z")],
    ["2026-09-01t12:00:00.25z", at("2026-09-01T12:00:00.250Z")],
    ["2026-09-01T14:00:00+02:00", at("2026-09-01T12:00:00.000Z")],
    ["2026-09-02T00:00:00Z", at("2026-09-02T00:00:00.000Z")],
  ];
  for (const [text, expected] of cases) deepEqual(parseStartPosition(text, NOW), expected, text);
});

Deno.test("parseStartPosition() refuses what is neither, and says what would be right", () => {
  const wrong = [
    "",
    "LATEST",
    "now",
    "1436553581",
    "20150710",
    "2015-13-01",
    "2015-02-29",
    "2015-02-30T00:00:00Z",
    "2015-10-01T24:00:00Z",
    "2015-10-01T12:00:00",
    "2015-10-01T12:00Z",
    "2015-10-01T12:00:00+99:00",
    " 2015-10-01",
  ];
  for (const text of wrong) {
    throws(
      () => parseStartPosition(text, NOW),
      (error: unknown) =>
        error instanceof RangeError &&
        error.message.startsWith(`Cannot start at "${text}": expected latest, trim-horizon, a day`),
      text,
    );
  }
});

Deno.test("parseStartPosition() refuses the future", () => {
  throws(() => parseStartPosition("2026-09-02T00:00:00.001Z", NOW), {
    name: "RangeError",
    message: 'Cannot start at "2026-09-02T00:00:00.001Z": it lies in the future',
  });
});
