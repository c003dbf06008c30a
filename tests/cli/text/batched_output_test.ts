import { deepEqual, equal, rejects } from "node:assert/strict";
import { setImmediate } from "node:timers";
import fc from "fast-check";
import { BatchedOutput } from "../../../src/cli/text/batched_output.ts";

const decoder = new TextDecoder();

/** Lets everything run that waits for nothing from outside. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** An output that keeps what is written, and waits before each write ends. */
function output(wait: () => Promise<void> = () => Promise.resolve()) {
  const writes: string[] = [];
  return {
    writes,
    isTerminal: false,
    async write(data: Uint8Array | string) {
      const before = data.slice();
      await wait();
      deepEqual(data, before, "what is being written does not change");
      writes.push(typeof data === "string" ? data : decoder.decode(data));
    },
  };
}

Deno.test("BatchedOutput writes at once what comes at once", async () => {
  const out = output();
  const batched = new BatchedOutput(out);
  for (let n = 0; n < 100; n++) await batched.write(`${n}\n`);
  deepEqual(out.writes, []);
  await turn();
  equal(out.writes.length, 1);
  await batched.end();
  equal(out.writes.join(""), Array.from({ length: 100 }, (_, n) => `${n}\n`).join(""));
});

Deno.test("BatchedOutput does not hold back the newest piece", async () => {
  const out = output();
  const batched = new BatchedOutput(out);
  for (const piece of ["a\n", "b\n", "c\n"]) {
    batched.write(piece);
    await turn();
    equal(out.writes.at(-1), piece);
  }
});

Deno.test("BatchedOutput collects the next batch while one is written", async () => {
  let release = () => {};
  const out = output(() => new Promise((resolve) => release = resolve));
  const batched = new BatchedOutput(out);
  batched.write("a\n");
  await turn();
  for (const piece of ["b\n", "c\n", "d\n"]) equal(batched.write(piece), undefined);
  await turn();
  deepEqual(out.writes, []);
  release();
  await turn();
  release();
  await turn();
  deepEqual(out.writes, ["a\n", "b\nc\nd\n"]);
});

Deno.test("BatchedOutput waits for a slow output when a batch is full, and keeps memory small", async () => {
  const releases: (() => void)[] = [];
  const out = output(() => new Promise((resolve) => releases.push(resolve)));
  const batched = new BatchedOutput(out);
  const piece = `${"x".repeat(1_023)}\n`;
  let pieces = 0;
  let waiting: Promise<void> | undefined;
  while (waiting === undefined || releases.length === 0) {
    waiting = batched.write(piece);
    pieces++;
    await Promise.resolve();
  }
  await turn();
  equal(pieces, 257, "256 KiB are being written, and the next piece begins a batch");
  const ending = batched.end();
  while (releases.length < 2) await turn(), releases[0]!();
  releases[1]!();
  await ending;
  equal(out.writes.join(""), piece.repeat(pieces));
});

Deno.test("BatchedOutput throws what a write failed with, and says so at once", async () => {
  const failure = new Deno.errors.BrokenPipe("gone");
  const batched = new BatchedOutput(output(() => Promise.reject(failure)));
  batched.write("a\n");
  equal(batched.failed.aborted, false);
  await turn();
  equal(batched.failed.reason, failure);
  await rejects(async () => await batched.write("b\n"), failure);
  await rejects(batched.end(), failure);
});

Deno.test("BatchedOutput writes everything once and in order, whatever the sizes and pauses", async () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 600_000 }));
  const step = fc.record({ size, wait: fc.boolean(), text: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.boolean(), async (steps, isSlow) => {
      const out = output(isSlow ? turn : undefined);
      const batched = new BatchedOutput(out);
      let expected = "";
      const reused = new Uint8Array(600_000);
      for (const [n, { size, wait, text }] of steps.entries()) {
        const letter = String.fromCharCode(97 + n % 26);
        expected += letter.repeat(size);
        const bytes = reused.subarray(0, size).fill(letter.charCodeAt(0));
        await batched.write(text ? letter.repeat(size) : bytes);
        if (wait) await turn();
      }
      await batched.end();
      equal(out.writes.join("") === expected, true);
    }),
    { numRuns: 60 },
  );
});
