/** Processes for the tests. */

import { equal } from "node:assert/strict";
import { TritonProcess } from "./triton_process.ts";
import { untilTrue } from "./within.ts";

Deno.test("a signal to a TritonProcess that has ended, but is not over yet, does not matter", async () => {
  const input = Promise.withResolvers<void>();
  await using process = new TritonProcess(["--version"], {
    input: new ReadableStream({
      pull: (controller) => input.promise.then(() => controller.close()),
    }),
  });
  await untilTrue(() => hasEnded(process.pid), "triton --version to end");
  equal(process.over, false);
  process.signal("SIGTERM");
  input.resolve();
  equal((await process.ended).code, 0);
});

/** Whether a process no longer exists. */
function hasEnded(pid: number): boolean {
  try {
    Deno.kill(pid, "SIGCONT");
    return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
