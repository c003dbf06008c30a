import { deepEqual, equal, rejects } from "node:assert/strict";
import fc from "fast-check";
import type { Output } from "../../../../src/cli/cli_context.ts";
import { LinePrinter } from "../../../../src/cli/commands/cat/line_printer.ts";
import { encodeEvent } from "../../../../src/codec/mod.ts";

/** An output that reads the bytes only at the end of a write, as the system may. */
class SlowOutput implements Output {
  readonly isTerminal = false;
  text = "";
  #writes = 0;

  async write(data: Uint8Array | string): Promise<void> {
    equal(++this.#writes, 1, "one write at a time");
    await new Promise((resolve) => setImmediate(resolve));
    this.text += typeof data === "string" ? data : new TextDecoder().decode(data);
    this.#writes--;
  }
}

Deno.test("LinePrinter prints everything in order, at any size", async () => {
  const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(100_000), fc.nat(700_000)), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(sizes, async (sizes) => {
      const output = new SlowOutput();
      const printer = new LinePrinter(output);
      const objects = sizes.map((size, n) => ({ n, text: "x".repeat(size) }));
      for (const object of objects) {
        printer.lines.addAny(encodeEvent(object), 0);
        await printer.send();
      }
      await printer.end();
      deepEqual(output.text, objects.map((object) => `${JSON.stringify(object)}\n`).join(""));
    }),
    { numRuns: 50 },
  );
});

Deno.test("LinePrinter reports an output that fails", async () => {
  const closed = new Deno.errors.BrokenPipe("closed");
  const printer = new LinePrinter({ isTerminal: false, write: () => Promise.reject(closed) });
  printer.lines.addAny(encodeEvent({ n: 1 }), 0);
  await printer.send();
  await rejects(printer.end(), closed);
});
