import { deepEqual, equal, rejects } from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { TritonRecord } from "../../../../src/base/record.ts";
import { printEvents } from "../../../../src/cli/commands/tail/print_events.ts";
import { BatchedOutput } from "../../../../src/cli/text/batched_output.ts";
import { encodeEvent } from "../../../../src/codec/mod.ts";

function recordOf(n: number): TritonRecord {
  return { data: { n }, raw: encodeEvent({ n }) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What is written, of events that come in bursts. */
async function print(bursts: readonly number[], limit?: number, failure?: Error) {
  const writes: string[] = [];
  /** The number of lines that were written when the next burst came. */
  const before: number[] = [];
  const output = new BatchedOutput({
    isTerminal: false,
    async write(data: Uint8Array | string) {
      const text = new TextDecoder().decode(data as Uint8Array);
      await turn();
      writes.push(text);
    },
  });
  const events = async function* () {
    let n = 0;
    for (const burst of bursts) {
      for (let i = 0; i < burst; i++) yield await Promise.resolve(recordOf(n++));
      await turn();
      await turn();
      before.push(writes.join("").split("\n").length - 1);
    }
    if (failure !== undefined) throw failure;
  };
  const printing = printEvents(events(), output, limit);
  if (failure === undefined) await printing;
  else await rejects(printing, failure);
  return { writes, before };
}

const linesOf = (count: number) => Array.from({ length: count }, (_, n) => `{"n":${n}}\n`).join("");

Deno.test("printEvents() writes each burst of events at once, before it waits for the next", async () => {
  const { writes, before } = await print([1, 500, 1, 2_000]);
  equal(writes.length, 4);
  deepEqual(before, [1, 501, 502, 2_502]);
  equal(writes.join(""), linesOf(2_502));
});

Deno.test("printEvents() ends after the limit, in the middle of a burst", async () => {
  equal((await print([10, 1_000], 15)).writes.join(""), linesOf(15));
});

Deno.test("printEvents() writes what came before a failure", async () => {
  equal((await print([3, 4], undefined, new Error("lost"))).writes.join(""), linesOf(7));
});
