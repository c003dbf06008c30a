/**
 * The reader of JSON in WebAssembly, which converts it to MessagePack without making objects.
 *
 * It is a program of its own, compiled when it is first used: most commands read no JSON. Its source
 * is in `assembly/read_json/`. It refuses what is not an event, and what is rare.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { kernels, memory as kernelMemory } from "./kernels.ts";
import { READ_JSON } from "./read_json_wasm.ts";

/** The exports of the program. */
interface Program {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global;
  readonly INPUT_SIZE: WebAssembly.Global;
  readonly LINES: WebAssembly.Global;
  readonly OUTPUT: WebAssembly.Global;
  readonly POWERS: WebAssembly.Global;
  readLines(end: number): number;
  readText(end: number): number;
}

/** Size of the table of powers of ten, which both programs need. */
const POWERS_SIZE = 617 * 16;

/** Lines that were read. */
export interface ReadLines {
  /** Their events, one after the other. */
  readonly events: Uint8Array;
  /**
   * Two integers for each line: where it ends, without its line feed, and where its event ends. If the
   * line is refused, the second is the complement of where the event before it ends.
   */
  readonly ends: Int32Array;
}

/** The program and its memory. */
export class JsonReader {
  /** Largest input, in bytes. */
  readonly inputSize: number;
  readonly #program: Program;
  readonly #memory: Uint8Array;
  /** The room for the input. */
  readonly #input: Uint8Array;
  readonly #inputAt: number;
  readonly #output: number;
  readonly #encoder = new TextEncoder();

  constructor() {
    const module = new WebAssembly.Module(Buffer.from(READ_JSON, "base64"));
    const program = new WebAssembly.Instance(module).exports as unknown as Program;
    const memory = new Uint8Array(program.memory.buffer);
    const from = kernels.POWERS.value;
    memory.set(kernelMemory.subarray(from, from + POWERS_SIZE), program.POWERS.value);
    this.inputSize = program.INPUT_SIZE.value;
    this.#program = program;
    this.#memory = memory;
    this.#inputAt = program.INPUT.value;
    this.#input = memory.subarray(this.#inputAt, this.#inputAt + this.inputSize);
    this.#output = program.OUTPUT.value;
  }

  /**
   * Reads a text that should be an event.
   *
   * @returns The event, valid until the next call; undefined if the text is refused.
   */
  readText(text: string): Uint8Array | undefined {
    if (text.length > this.inputSize || !text.isWellFormed()) return undefined;
    const { read, written } = this.#encoder.encodeInto(text, this.#input);
    if (read < text.length) return undefined;
    const end = this.#program.readText(this.#inputAt + written);
    return end === 0 ? undefined : this.#memory.subarray(this.#output, end);
  }

  /**
   * Reads lines, each with its line feed; as many as one call reads.
   *
   * @param lines At most {@linkcode inputSize} bytes.
   */
  readLines(lines: Uint8Array): ReadLines {
    this.#input.set(lines);
    const { memory, LINES, readLines } = this.#program;
    const count = readLines(this.#inputAt + lines.length);
    const ends = new Int32Array(memory.buffer, LINES.value, 2 * count).slice();
    const last = ends.at(-1) ?? 0;
    const size = last < 0 ? ~last : last;
    return { ends, events: this.#memory.slice(this.#output, this.#output + size) };
  }
}

let reader: JsonReader | undefined;

/** The reader that all share: nothing may wait between a call and the use of its result. */
export function jsonReader(): JsonReader {
  return reader ??= new JsonReader();
}
