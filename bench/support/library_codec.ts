/**
 * The steps of the codec as other libraries do them, under the same names.
 *
 * @module
 */

import { decode, decodeMulti, encode } from "@msgpack/msgpack";
import * as snappy from "snappy";

/** What is measured of the codec, as far as the measurements use it. */
export interface StepCodec {
  readonly validateEvent: (event: Uint8Array) => unknown;
  readonly decodeEvent: (event: Uint8Array) => unknown;
  readonly encodeEvent: (value: Record<string, unknown>) => unknown;
  readonly parseJsonEvent: (line: string) => unknown;
  readonly NdjsonWriter: new () => { write(events: Uint8Array): unknown };
  readonly encodeSnappyFrames: (
    bytes: Uint8Array,
  ) => AsyncIterable<Uint8Array>;
  readonly decodeSnappyFrames: (frames: Uint8Array) => AsyncIterable<Uint8Array>;
}

/** What a reader of frames must know of them: the head of a chunk, and the one type with blocks. */
const [HEAD, CRC, COMPRESSED] = [4, 4, 0];

/** Uncompresses the blocks of frames; it does not check their CRC. */
async function* uncompress(frames: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < frames.length;) {
    const end = at + HEAD + frames[at + 1]! + (frames[at + 2]! << 8) + (frames[at + 3]! << 16);
    if (frames[at] === COMPRESSED) {
      yield snappy.uncompressSync(frames.subarray(at + HEAD + CRC, end)) as Uint8Array;
    }
    at = end;
  }
}

/** `@msgpack/msgpack`, `JSON` and native `snappy`. */
export const LIBRARY: Omit<StepCodec, "encodeSnappyFrames"> = {
  validateEvent: decode,
  decodeEvent: decode,
  encodeEvent: (value) => encode(value),
  parseJsonEvent: (line) => encode(JSON.parse(line)),
  NdjsonWriter: class {
    readonly #encoder = new TextEncoder();
    write(events: Uint8Array): void {
      for (const event of decodeMulti(events)) this.#encoder.encode(`${JSON.stringify(event)}\n`);
    }
  },
  decodeSnappyFrames: uncompress,
};
