import { deepStrictEqual, equal, match, throws } from "node:assert/strict";
import { growthOf } from "./growth.ts";
import { type Limits, reportOf } from "./report.ts";
import type { SoakResult } from "./run_soak.ts";
import type { Sample } from "./samples.ts";

const LIMITS: Limits = { memoryMb: 10, handles: 3, warmUp: 60 };

/** One sample a minute, for an hour, after a minute of warming up. */
function samplesOf(pid: number, memoryMb: (minute: number) => number, handles = 30): Sample[] {
  return Array.from({ length: 62 }, (_, minute) => ({
    ...{ at: 60 * minute, pid, handles, lag: minute / 10 },
    memoryMb: minute === 0 ? 1 : memoryMb(minute),
  }));
}

function resultOf(samples: readonly Sample[], failure?: string): SoakResult {
  const troubles = new Map([["S3 down", 2], ["reshard", 1]]);
  return { samples, troubles, failure, veteran: 1, records: 100, files: 7, history: "" };
}

Deno.test("growthOf() returns the medians of the thirds, and the slope", () => {
  const points = [0, 1, 2, 3, 4, 5, 6].map((at) => ({ at: 600 * at, value: 2 * at }));
  deepStrictEqual(growthOf(points), { first: 2, last: 10, perHour: 12 });
  const peak = growthOf([1, 1, 9, 1, 1].map((value, at) => ({ at, value })));
  deepStrictEqual([peak.first, peak.last, Math.round(peak.perHour)], [1, 1, 0]);
  throws(() => growthOf([]), /fewer than three/);
});

Deno.test("reportOf() accepts memory that only fluctuates", () => {
  const veteran = samplesOf(1, (minute) => 100 + 30 * (minute % 2));
  // The others do not live long enough to tell what grows.
  const other = samplesOf(2, (minute) => 100 + 20 * minute).slice(0, 10);
  const { text, failures } = reportOf(resultOf([...veteran, ...other]), LIMITS);
  deepStrictEqual(failures, []);
  match(text, /^memory, most +130\.0 MB +280\.0 MB$/m);
  match(text, /^lag, most +6\.1 s +0\.9 s$/m);
  match(text, /^troubles: S3 down 2, reshard 1$/m);
});

Deno.test("reportOf() fails if memory or handles grow", () => {
  const growing = samplesOf(1, (minute) => 100 + minute / 2);
  const { text, failures } = reportOf(resultOf(growing), LIMITS);
  match(text, /^memory, slope +\+30\.0 MB\/h$/m);
  deepStrictEqual(failures, ["memory grew by 20.0 MB; 10 are allowed"]);
  const leaking = samplesOf(1, () => 100).map((sample) => ({
    ...sample,
    handles: sample.at / 600,
  }));
  deepStrictEqual(reportOf(resultOf(leaking), LIMITS).failures, [
    "handles grew by 4.0; 3 are allowed",
  ]);
});

Deno.test("reportOf() fails if the archive is wrong, or if nothing was measured", () => {
  const { failures } = reportOf(resultOf([], "events are missing"), LIMITS);
  equal(failures.length, 2);
  equal(failures[0], "events are missing");
});
