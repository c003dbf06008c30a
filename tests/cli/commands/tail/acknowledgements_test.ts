import { equal, rejects } from "node:assert/strict";
import fc from "fast-check";
import { Acknowledgements } from "../../../../src/cli/commands/tail/acknowledgements.ts";

const NEVER = new AbortController().signal;

/** Standard input in pieces that are written one after the other. */
function input() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  return {
    readable,
    write: (text: string) => writer.write(encoder.encode(text)),
    end: () => writer.close(),
  };
}

Deno.test("Acknowledgements.reach() waits until the lines are acknowledged", async () => {
  const acks = new Acknowledgements();
  const { readable, write, end } = input();
  const reading = acks.read(readable);
  let isDone = false;
  equal(acks.print(3), 3);
  const reached = acks.reach(3, NEVER).then(() => isDone = true);
  await write("1\n2\n");
  await acks.reach(2, NEVER);
  equal(isDone, false);
  await write("3\n");
  await reached;
  await end();
  await reading;
  equal(acks.isDone, true);
  acks.throwIfFailed();
});

Deno.test("Acknowledgements.reach() fails if standard input ends before", async () => {
  const acks = new Acknowledgements();
  const { readable, write, end } = input();
  const reading = acks.read(readable);
  acks.print(3);
  const refused = rejects(acks.reach(3, NEVER), {
    message:
      "Cannot continue: standard input ended with 1 line not acknowledged; the group delivers " +
      "them again",
  });
  await write("2");
  await end();
  await Promise.all([reading, refused]);
  equal(acks.isDone, false);
});

Deno.test("Acknowledgements.reach() ends with its signal", async () => {
  const acks = new Acknowledgements();
  const stop = new AbortController();
  acks.print(1);
  const refused = rejects(acks.reach(1, stop.signal), { message: "lost" });
  stop.abort(new Error("lost"));
  await refused;
});

for (
  const [text, why] of [
    ["1\nx\n", '2 on standard input: "x" is not the number of lines processed so far'],
    ["1\n\n2\n", '2 on standard input: "" is not the number of lines processed so far'],
    ["2\n1\n", '2 on standard input: "1" is less than 2, the one before'],
    ["3\n4\n", '2 on standard input: "4" is more than the 3 lines printed so far'],
    ["1".repeat(101), '1 on standard input: "…" is not the number of lines processed so far'],
  ] as const
) {
  Deno.test(`Acknowledgements.read() refuses ${JSON.stringify(text)}`, async () => {
    const acks = new Acknowledgements();
    acks.print(3);
    const { readable, write, end } = input();
    const reading = acks.read(readable);
    await Promise.all([write(text), end(), reading]);
    await rejects(acks.reach(4, NEVER), { message: `Cannot read acknowledgement ${why}` });
  });
}

Deno.test("Acknowledgements.read() reads lines however they are cut", () =>
  fc.assert(fc.asyncProperty(
    fc.array(fc.nat(50), { minLength: 1 }),
    fc.array(fc.nat(200)),
    async (counts, cuts) => {
      const numbers = [...counts].sort((a, b) => a - b);
      const text = numbers.map((count) => `${count}\n`).join("");
      const at = [...new Set([0, ...cuts.map((cut) => cut % text.length), text.length])];
      const ends = at.sort((a, b) => a - b);
      const acks = new Acknowledgements();
      acks.print(numbers.at(-1)!);
      await acks.read((async function* () {
        for (const [i, end] of ends.slice(1).entries()) {
          yield await Promise.resolve(new TextEncoder().encode(text.slice(ends[i], end)));
        }
      })());
      equal(acks.isDone, true);
    },
  )));
