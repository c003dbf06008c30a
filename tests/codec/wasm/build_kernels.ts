/**
 * Compiles `src/codec/wasm/assembly` to `src/codec/wasm/kernels_wasm.ts`: `deno task wasm` runs it.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const SOURCES = new URL("../../../src/codec/wasm/assembly/", import.meta.url);
const TARGET = new URL("../../../src/codec/wasm/kernels_wasm.ts", import.meta.url);

const OPTIONS = [
  ...["-O3", "--noAssert", "--enable", "simd"],
  // The program uses no heap, and reports errors by its return values.
  ...["--runtime", "stub", "--use", "abort="],
];

/** Compiles the sources; returns the text of the module with the program. */
export async function buildKernels(): Promise<string> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(["index.ts", "--outFile", "out.wasm", ...OPTIONS], {
    readFile: (name: string) => {
      if (name === "powers.ts") return powersSource();
      try {
        return Deno.readTextFileSync(new URL(name, SOURCES));
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
export const KERNELS: string = [
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

/** The current file. */
export function readKernels(): string {
  return Deno.readTextFileSync(TARGET);
}

if (import.meta.main) {
  await Deno.writeTextFile(TARGET, await buildKernels());
  console.log(`wrote ${fileURLToPath(TARGET)}`);
}
