/**
 * The inner loops of the codec in WebAssembly: Snappy, CRC-32C, JSON lines, GetRecords responses.
 *
 * They take half the time of the same loops in JavaScript, and are as fast in the first call as in
 * the hundredth. Their source is in `assembly/`, in AssemblyScript; `deno task wasm` compiles it.
 * All share one memory that never grows: the input is at `INPUT`, the output at `OUTPUT`, and the next
 * call of any of them overwrites both.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { JsonWriter } from "../json/writer.ts";
import { KERNELS } from "./kernels_wasm.ts";

/** The exports of the program. */
interface Program {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global;
  readonly INPUT_SIZE: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  readonly OUTPUT_SIZE: WebAssembly.Global;
  readonly POWERS: WebAssembly.Global;
  readonly badOffset: WebAssembly.Global;
  readonly doneBytes: WebAssembly.Global;
  readonly stoppedAt: WebAssembly.Global;
  readonly lineCount: WebAssembly.Global;
  readonly restAt: WebAssembly.Global;
  readonly isRefused: WebAssembly.Global;
  readonly recordCount: WebAssembly.Global;
  readonly textEnd: WebAssembly.Global;
  readonly isAscii: WebAssembly.Global;
  readonly isAscending: WebAssembly.Global;
  readonly decodedEnd: WebAssembly.Global;
  decodeBase64(at: number, end: number, out: number): number;
  crc32c(at: number, end: number, previous: number): number;
  compress(at: number, end: number, out: number): number;
  uncompress(at: number, end: number, out: number, length: number): number;
  writeLines(at: number, end: number, out: number, limit: number, most: number): number;
  isEvent(at: number, end: number): number;
  readRecords(at: number, end: number, data: number, places: number, text: number): number;
}

const module = new WebAssembly.Module(Buffer.from(KERNELS, "base64"));
const program = new WebAssembly.Instance(module, { env: { writeOther } })
  .exports as unknown as Program;

/** The functions of the program, and its mutable globals. */
export const kernels: Program = program;

/** The complete memory of the program. */
export const memory: Uint8Array = new Uint8Array(program.memory.buffer);
/** Where the input starts. */
export const INPUT: number = program.INPUT.value;
/** Largest input, in bytes. */
export const INPUT_SIZE: number = program.INPUT_SIZE.value;
/** The largest piece of events that is placed in the input for one call, in bytes. */
export const PIECE_SIZE = 65_536;
/** Where the data of a chunk are: in the input, behind the room for a piece of events. */
export const DATA: number = INPUT + PIECE_SIZE + 64;
/** Where the output starts. */
export const OUTPUT: number = program.OUTPUT.value;
/** Where the room for the output ends. */
export const OUTPUT_END: number = OUTPUT + program.OUTPUT_SIZE.value;

/** Copies bytes into the memory of the program, unless they are already there; returns where. */
export function place(bytes: Uint8Array): number {
  if (bytes.buffer === memory.buffer) return bytes.byteOffset;
  memory.set(bytes, INPUT);
  return INPUT;
}

/** Copies the data of a chunk, at most 65,536 bytes, to where uncompressed data are. */
export function placeData(data: Uint8Array): Uint8Array {
  memory.set(data, DATA);
  return memory.subarray(DATA, DATA + data.length);
}

const others = new JsonWriter(1024);

/** Writes a value that the program leaves out as JSON: see `assembly/json_lines.ts`. */
function writeOther(at: number, end: number, out: number, limit: number): number {
  others.length = 0;
  others.writeValue(memory.subarray(at, end), 0);
  if (out + others.length > limit) return 0;
  memory.set(others.out.subarray(0, others.length), out);
  return out + others.length;
}
