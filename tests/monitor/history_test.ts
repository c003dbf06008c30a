import { deepStrictEqual, equal } from "node:assert/strict";
import { Histories, History, SAMPLE_INTERVAL_MS } from "../../src/monitor/history.ts";
import { NOW, startingStatus, status, store } from "./monitor_fixture.ts";

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

Deno.test("Histories keep a history of each stream, and one of all", () => {
  const histories = new Histories();
  const at = (index: number, ...reads: number[]) => {
    const names = ["clicks", "orders", "payments"];
    const streams = reads.map((read, n) => ({ ...sample(index, read), stream: names[n]! }));
    histories.add({ ...store(...streams), at: streams[0]!.at });
  };
  at(0, 100, 1_000);
  at(1, 400, 1_300);
  deepStrictEqual(histories.store.series("readPerSecond"), [NaN, 20]);
  const of = (stream: string) => histories.of({ stream, client: "store" }).series("readPerSecond");
  deepStrictEqual([of("clicks"), of("orders"), of("payments")], [[NaN, 10], [NaN, 10], []]);
  at(2, 700);
  deepStrictEqual(of("orders"), [], "one that has left is forgotten");
  deepStrictEqual(of("clicks"), [NaN, 10, 10]);
  deepStrictEqual(histories.store.series("readPerSecond"), [NaN, 20, NaN], "no negative rate");
  deepStrictEqual(histories.of({ stream: "clicks", client: "other" }).times, []);
});
