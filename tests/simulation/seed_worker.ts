/// <reference lib="deno.worker" />

import { runHere, type SeedRange } from "./seed_runner.ts";

// Thousands of errors are thrown on purpose, and nobody looks at where.
Error.stackTraceLimit = 0;

self.onmessage = async ({ data }: MessageEvent<SeedRange>) => {
  self.postMessage(await runHere(data));
};
