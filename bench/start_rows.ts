/** Rows for programs that have almost nothing to do. */

import { EMPTY_ARCHIVE } from "../src/codec/mod.ts";
import { runMeasured, type Usage } from "./support/child.ts";
import type { Case } from "./support/measure.ts";
import type { Row, Workbench } from "./support/workbench.ts";

/** CPU time is counted in hundredths of a second, so one start alone cannot be measured. */
const STARTS = 20;

function* starts(bench: Workbench): Generator<Case> {
  const archive = bench.path("empty.tri");
  Deno.writeFileSync(archive, EMPTY_ARCHIVE);
  const script = bench.path("empty.ts");
  Deno.writeTextFileSync(script, "");
  const others = {
    "an empty script": () => start([Deno.execPath(), "run", "--quiet", script]),
    ...bench.empty && { "an empty executable": () => start([bench.empty!]) },
  };
  for (const args of [["cat", archive], ["--help"]]) {
    yield {
      what: args[0] === "cat" ? "cat of an archive without events" : "--help",
      amount: 1,
      unit: "starts",
      measure: ({ triton }) => start([...triton, ...args]),
      others,
    };
  }
}

/** Starts a program several times, and returns the mean. */
async function start(command: readonly string[]): Promise<Usage> {
  const numbers = Array.from({ length: STARTS }, (_, n) => n).join(" ");
  const loop = `for n in ${numbers}; do "$0" "$@" || exit; done`;
  const { seconds, cpuSeconds } = await runMeasured(["sh", "-c", loop, ...command]);
  return { seconds: seconds / STARTS, cpuSeconds: cpuSeconds / STARTS };
}

export const START_ROWS: readonly Row[] = [
  { name: "start", summary: "the start: cat without events, and --help", cases: starts },
];
