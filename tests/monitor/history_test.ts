import { deepStrictEqual, equal } from "node:assert/strict";
import { History, SAMPLE_INTERVAL_MS } from "../../src/monitor/history.ts";
import { NOW, startingStatus, status } from "./monitor_fixture.ts";

/** The status of the n-th sample, with the number of records read so far. */
function sample(index: number, read: number) {
  const at = new Date(NOW.getTime() + index * SAMPLE_INTERVAL_MS);
  return status({ at, totals: { "triton.records.read": read }, lagMs: index });
}

Deno.test("History keeps values in order, and computes rates between samples", () => {
  const history = new History();
  deepStrictEqual(history.times, []);
  history.add(sample(0, 100));
  history.add(sample(1, 400));
  history.add(sample(2, 400));
  deepStrictEqual(history.series("readPerSecond"), [NaN, 10, 0]);
  deepStrictEqual(history.series("lagMs"), [0, 1, 2]);
  equal(history.times[2], NOW.getTime() + 2 * SAMPLE_INTERVAL_MS);
});

Deno.test("History keeps the last six hours", () => {
  const history = new History();
  for (let index = 0; index < 1_000; index++) history.add(sample(index, index));
  const values = history.series("lagMs");
  equal(values.length * SAMPLE_INTERVAL_MS, 6 * 3_600_000);
  deepStrictEqual([values[0], values.at(-1)], [280, 999]);
});

Deno.test("History has no values that a starting store does not know", () => {
  const history = new History();
  history.add(startingStatus());
  deepStrictEqual(history.series("lagMs"), [NaN]);
  deepStrictEqual(history.series("bufferedBytes"), [NaN]);
});

Deno.test("History starts over when the clock is set back", () => {
  const history = new History();
  for (let index = 0; index < 100; index++) history.add(sample(index, 100 * index));
  history.add(sample(50, 10_000));
  deepStrictEqual(history.times, [sample(50, 0).at.getTime()]);
  history.add(sample(51, 10_300));
  deepStrictEqual(history.series("readPerSecond"), [NaN, 10]);
});
