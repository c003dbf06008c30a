/**
 * The codec's inner loops, in WebAssembly: Snappy, CRC-32C, JSON lines, records as they come.
 *
 * They take half the time of the same loops in JavaScript, and as long the first time as the
 * hundredth. Their source is `assembly/`, in AssemblyScript; `deno task wasm` compiles it.
 * All share one memory that never grows: bytes go in at `INPUT`, come out at `OUTPUT`, and are
 * overwritten by the next call of any of them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { JsonWriter } from "../json/writer.ts";
import { KERNELS } from "./kernels_wasm.ts";

/** What the program exports. */
interface Program {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global;
  readonly INPUT_SIZE: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  readonly OUTPUT_SIZE: WebAssembly.Global;
  readonly badOffset: WebAssembly.Global;
  readonly doneBytes: WebAssembly.Global;
  readonly stoppedAt: WebAssembly.Global;
  readonly restAt: WebAssembly.Global;
  readonly isRefused: WebAssembly.Global;
  readonly recordCount: WebAssembly.Global;
  readonly textEnd: WebAssembly.Global;
  readonly isAscii: WebAssembly.Global;
  readonly decodedEnd: WebAssembly.Global;
  decodeBase64(at: number, end: number, out: number): number;
  crc32c(at: number, end: number, previous: number): number;
  compress(at: number, end: number, out: number): number;
  uncompress(at: number, end: number, out: number, length: number): number;
  writeLines(at: number, end: number, out: number, limit: number): number;
  readRecords(at: number, end: number, data: number, numbers: number, text: number): number;
}

const module = new WebAssembly.Module(Buffer.from(KERNELS, "base64"));
const program = new WebAssembly.Instance(module, { env: { writeOther } })
  .exports as unknown as Program;

/** The program's functions and its globals that change. */
export const kernels: Program = program;

/** All of the program's memory. */
export const memory: Uint8Array = new Uint8Array(program.memory.buffer);
/** Where bytes go in. */
export const INPUT: number = program.INPUT.value;
/** How many bytes may go in at once. */
export const INPUT_SIZE: number = program.INPUT_SIZE.value;
/** Where bytes come out. */
export const OUTPUT: number = program.OUTPUT.value;
/** Where there is no more room for what comes out. */
export const OUTPUT_END: number = OUTPUT + program.OUTPUT_SIZE.value;

/** Puts bytes where the program can read them, unless they are there already; returns where. */
export function place(bytes: Uint8Array): number {
  if (bytes.buffer === memory.buffer) return bytes.byteOffset;
  memory.set(bytes, INPUT);
  return INPUT;
}

const others = new JsonWriter(1024);

/** Writes the JSON of a value that the program leaves to us: see `wasm/json_lines.ts`. */
function writeOther(at: number, end: number, out: number, limit: number): number {
  others.length = 0;
  others.writeValue(memory.subarray(at, end), 0);
  if (out + others.length > limit) return 0;
  memory.set(others.out.subarray(0, others.length), out);
  return out + others.length;
}
