import { deepStrictEqual, equal } from "node:assert/strict";
import { writePieces } from "../../../src/cli/text/output_thread.ts";

/** Writes to a file that fails with the given error once it has accepted so many pieces. */
function write(text: string, accepted = Infinity, error: Error = new Deno.errors.WouldBlock()) {
  const pieces: string[] = [];
  const stop = writePieces(new TextEncoder().encode(text), (piece) => {
    if (pieces.length >= accepted) throw error;
    pieces.push(new TextDecoder().decode(piece));
    return piece.length;
  });
  return { ...stop, pieces };
}

Deno.test("writePieces() writes whole lines of at most 4096 bytes, and longer ones in pieces", () => {
  const line = `${"x".repeat(2_999)}\n`;
  const long = `${"y".repeat(5_000)}\n`;
  const { pieces, at, isKept } = write(`${line}a\n${line}${long}end`);
  deepStrictEqual(pieces, [`${line}a\n`, line, "y".repeat(4_096), `${"y".repeat(904)}\n`, "end"]);
  deepStrictEqual([at, isKept], [6_002 + 5_001 + 3, false]);
});

Deno.test("writePieces() stops where the pipe is full, and says what Deno has buffered", () => {
  const line = `${"x".repeat(2_999)}\n`;
  const long = "y".repeat(4_096);
  deepStrictEqual(write(line + line, 1), { pieces: [line], at: 3_000, isKept: false });
  // Deno's buffer has 1024 bytes, and takes what has no newline.
  deepStrictEqual(write(`${line}${"z".repeat(1_023)}`, 1).isKept, true);
  deepStrictEqual(write(long + "z".repeat(1_023), 1).isKept, true);
  deepStrictEqual(write(long + "z".repeat(1_024), 1).isKept, false);
});

Deno.test("writePieces() stops at an error, for which the other thread tries the same bytes again", () => {
  const { at, isKept } = write("z", 0, new Deno.errors.BrokenPipe());
  deepStrictEqual([at, isKept], [0, false]);
});

Deno.test("OutputThread writes more than its memory, in order, without a permission", async () => {
  const source = new URL("../../../src/cli/text/output_thread.ts", import.meta.url);
  const program = `
    const { OutputThread } = await import(${JSON.stringify(source)});
    const thread = await OutputThread.start("Deno.stdout");
    for (const size of [100_000, 0, 7]) {
      const lines = Array.from({ length: size }, (_, n) => "line " + n + "\\n").join("");
      const stop = await thread.write(new TextEncoder().encode(lines));
      if (stop.at !== lines.length || stop.isKept) throw new Error(JSON.stringify(stop));
    }
    Deno.exit(0);`;
  const args = ["eval", "--quiet", program];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const lines = [100_000, 0, 7].flatMap((size) => Array.from({ length: size }, (_, n) => n));
  equal(code, 0);
  equal(new TextDecoder().decode(stdout), lines.map((n) => `line ${n}\n`).join(""));
});
