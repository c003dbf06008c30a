/// <reference lib="deno.worker" />

import { runHere, type SeedRange } from "./seed_runner.ts";

self.onmessage = async ({ data }: MessageEvent<SeedRange>) => {
  self.postMessage(await runHere(data));
};
