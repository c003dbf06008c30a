/** What `deno task test:fast` runs of this simulation; `streams_simulation_test.ts` runs the rest. */

import { deepStrictEqual, notEqual, ok } from "node:assert/strict";
import { runHere } from "../seed_runner.ts";
import { simulateStreams } from "./simulate_streams.ts";

const SEEDS = 20;

Deno.test("simulateStreams() runs the same way for the same seed, with and without a trace", async () => {
  for (let seed = 1; seed <= 3; seed++) {
    const first = await simulateStreams(seed);
    const lines: string[] = [];
    deepStrictEqual(await simulateStreams(seed, { write: (line) => lines.push(line) }), first);
    ok(lines.length === first.steps && first.steps > 20);
    notEqual((await simulateStreams(seed + 1)).hash, first.hash);
  }
});

Deno.test(`ArchiverHost archives every record of five streams exactly once under ${SEEDS} seeds`, async () => {
  const failures = await runHere({ from: 1, count: SEEDS, streams: true });
  deepStrictEqual(failures.map(({ seed, problems }) => `${seed}: ${problems[0]}`), []);
});
