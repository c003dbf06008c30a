import { deepEqual, equal, rejects } from "node:assert/strict";
import type { Usage } from "../../bench/support/child.ts";
import { measureInTurns } from "../../bench/support/measure.ts";
import { formatTable, median, ratioToBaseline } from "../../bench/support/result.ts";
import type { Tree } from "../../bench/support/tree.ts";

function treeNamed(name: string): Tree {
  return { triton: [name], program: () => [] };
}

const [baseline, current] = [treeNamed("old"), treeNamed("new")];

/** Takes 2, 4, 6... seconds with the baseline, and 1, 2, 3... with this checkout and others. */
function fakeWork(log: string[]) {
  const work = (name: string): Promise<Usage> => {
    log.push(name);
    const turn = log.filter((it) => it === name).length;
    return Promise.resolve({ seconds: name === "old" ? 2 * turn : turn, cpuSeconds: turn });
  };
  return {
    measure: ({ triton }: Tree) => work(triton[0]!),
    others: { gzip: () => work("gzip") },
  };
}

Deno.test("measureInTurns() measures the baseline, this checkout and others in turns", async () => {
  const log: string[] = [];
  const measured = await measureInTurns(fakeWork(log), {
    ...{ current, baseline, runs: 2, warmUp: true },
  });
  deepEqual(log, ["old", "new", "gzip", "old", "new", "gzip", "old", "new", "gzip"]);
  deepEqual(measured, {
    current: [{ seconds: 2, cpuSeconds: 2 }, { seconds: 3, cpuSeconds: 3 }],
    baseline: [{ seconds: 4, cpuSeconds: 2 }, { seconds: 6, cpuSeconds: 3 }],
    others: { gzip: [{ seconds: 2, cpuSeconds: 2 }, { seconds: 3, cpuSeconds: 3 }] },
  });
});

Deno.test("measureInTurns() goes on when the baseline fails, and not when this checkout does", async () => {
  const failing = (name: string) => ({
    measure: ({ triton }: Tree) => {
      if (triton[0] === name) throw new Error("x is not a function");
      return Promise.resolve({ seconds: 1, cpuSeconds: 1 });
    },
  });
  const turns = { current, baseline, runs: 2, warmUp: false };
  const measured = await measureInTurns(failing("old"), turns);
  equal(measured.baseline, "x is not a function");
  equal(measured.current.length, 2);
  await rejects(measureInTurns(failing("new"), turns), { message: "x is not a function" });
});

Deno.test("median() is the mean of the two in the middle of an even number", () => {
  equal(median([3, 1, 2]), 2);
  equal(median([10, 1, 2, 4]), 3);
  equal(median([7]), 7);
});

const usage = (seconds: number): Usage => ({ seconds, cpuSeconds: 2 * seconds });

Deno.test("ratioToBaseline() divides pair by pair", () => {
  const measured = {
    current: [usage(3), usage(2), usage(9)],
    baseline: [usage(4), usage(4), usage(10)],
    others: {},
  };
  deepEqual(ratioToBaseline(measured, "seconds"), { median: 0.75, min: 0.5, max: 0.9 });
  equal(ratioToBaseline(measured, "peakMb"), undefined);
  equal(ratioToBaseline({ ...measured, baseline: "cannot" }, "seconds"), undefined);
});

Deno.test("formatTable() shows medians, ratios, and why there is none", () => {
  const result = {
    ...{ row: "cat", what: "a file", amount: 10, unit: "MB" },
    current: [{ ...usage(0.25), peakMb: 80 }],
    others: { gzip: [usage(0.5)] },
  };
  const words = (text: string) => text.split("\n").map((line) => line.trim().split(/ {2,}/));
  deepEqual(words(formatTable([{ ...result, baseline: [{ ...usage(0.5), peakMb: 100 }] }])), [
    ["row", "what", "speed", "elapsed", "x base", "CPU", "x base", "peak", "x base", "compared"],
    [
      ...["cat", "a file", "40.0 MB/s", "250 ms", "0.50 (0.50-0.50)", "500 ms", "0.50 (0.50-0.50)"],
      ...["80 MB", "0.80 (0.80-0.80)", "0.50 x gzip (500 ms), was 1.00"],
    ],
  ]);
  deepEqual(
    words(formatTable([{ ...result, others: {}, baseline: "no such flag" }]))[1]!.at(-1),
    [
      "baseline cannot: no such flag",
    ][0],
  );
  deepEqual(words(formatTable([result]))[0], [
    ...["row", "what", "speed", "elapsed", "CPU", "peak", "compared"],
  ]);
});
