/**
 * Compiles `src/codec/wasm/assembly` to the programs in `src/codec/wasm`: `deno task wasm` runs it.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOM = new URL("../../../src/codec/wasm/", import.meta.url);

/** A program: its main source, and the file it becomes. */
interface Program {
  readonly source: string;
  readonly target: string;
  readonly name: string;
}

/** All programs. */
export const PROGRAMS: readonly Program[] = [
  { source: "index.ts", target: "kernels_wasm.ts", name: "KERNELS" },
  { source: "read_json/index.ts", target: "read_json_wasm.ts", name: "READ_JSON" },
];

const OPTIONS = [
  ...["-O3", "--noAssert", "--enable", "simd"],
  // The program uses no heap, and reports errors by its return values.
  ...["--runtime", "stub", "--use", "abort="],
];

/** Compiles a program; returns the text of its file. */
export async function buildProgram({ source, name }: Program): Promise<string> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main([source, "--outFile", "out.wasm", ...OPTIONS], {
    readFile: (name: string) => {
      if (name === "powers.ts") return powersSource();
      try {
        return Deno.readTextFileSync(new URL(`assembly/${name}`, ROOM));
      } catch {
        return null;
      }
    },
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === undefined) throw new Error(`${error}: ${stderr.toString()}`);
  const lines = wasm.toBase64().match(/.{1,96}/g)!.map((line) => `  "${line}"`);
  return `/** What \`deno task wasm\` made of src/codec/wasm/assembly: WebAssembly as base64. */
export const ${name}: string = [
${lines.join(",\n")},
].join("");
`;
}

/** The source of the table that `schubfach.ts` needs. */
function powersSource(): string {
  const words = Array.from({ length: MAX_POWER - MIN_POWER + 1 }, (_, n) => {
    const bits = firstBits(n + MIN_POWER);
    return `0x${BigInt.asUintN(64, bits).toString(16)}, 0x${(bits >> 64n).toString(16)}`;
  });
  return `export const MIN_POWER: i32 = ${MIN_POWER};
/** The first 128 bits of each power of ten, rounded up, in two words, the lower one first. */
export const POWERS: usize = memory.data<u64>([${words.join(", ")}], 16);
`;
}

/** The powers of ten that doubles need. */
const [MIN_POWER, MAX_POWER] = [-292, 324];

/** The first 128 bits of a power of ten, rounded up. */
function firstBits(power: number): bigint {
  const ten = 10n ** BigInt(Math.abs(power));
  const length = BigInt(ten.toString(2).length);
  const [dividend, divisor] = power < 0
    ? [1n << (127n + length), ten]
    : length > 128n
    ? [ten, 1n << (length - 128n)]
    : [ten << (128n - length), 1n];
  return (dividend + divisor - 1n) / divisor;
}

/** The current file of a program. */
export function readProgram({ target }: Program): string {
  return Deno.readTextFileSync(new URL(target, ROOM));
}

if (import.meta.main) {
  for (const program of PROGRAMS) {
    const target = new URL(program.target, ROOM);
    await Deno.writeTextFile(target, await buildProgram(program));
    console.log(`wrote ${fileURLToPath(target)}`);
  }
}
