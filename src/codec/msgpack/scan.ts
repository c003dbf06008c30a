import { ArchiveFormatError } from "../../base/errors.ts";
import {
  FIXED_SIZES,
  isMapLead,
  MAX_DEPTH,
  notMapError,
  tooDeepError,
  trailingError,
  truncatedError,
  unknownTypeError,
} from "./format.ts";

/**
 * Finds the end of one MessagePack value without decoding it.
 *
 * The time is proportional to the actual bytes, whatever lengths they claim, and it needs no memory.
 *
 * @example Usage
 * ```ts
 * import { skipMsgpack } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const bytes = Uint8Array.of(0x92, 1, 2, 0xc0);
 * equal(skipMsgpack(bytes, 0), 3);
 * equal(skipMsgpack(bytes.subarray(0, 2), 0), -1);
 * ```
 * @param bytes Contains the value.
 * @param offset Where the value starts.
 * @param end Where to stop, as if the bytes ended there. Default: their length.
 * @returns The offset after the value, or -1 if the bytes end before the value does.
 * @throws {ArchiveFormatError} If no further bytes could complete the value: at the byte 0xc1, and if
 * arrays and maps are nested more than 10,000 deep.
 */
export function skipMsgpack(bytes: Uint8Array, offset: number, end: number = bytes.length): number {
  return scan(bytes, offset, Math.min(end, bytes.length), false);
}

/**
 * Finds the end of one event without decoding it, with the lenient rules for reading archives.
 *
 * An event is a map. Its keys should be strings, at every level, but old archives also contain binary
 * keys, so any key is accepted; {@linkcode validateEvent} has the strict rules for writing.
 *
 * @example Usage
 * ```ts
 * import { skipEvent } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const event = Uint8Array.of(0x81, 0xa1, 0x61, 1); // {"a":1}
 * equal(skipEvent(event, 0), 4);
 * ```
 * @param bytes Contains the event.
 * @param offset Where the event starts.
 * @param end Where to stop, as if the bytes ended there. Default: their length.
 * @returns The offset after the event, or -1 if the bytes end before the event does.
 * @throws {ArchiveFormatError} If it is not a map, and as {@linkcode skipMsgpack} does.
 */
export function skipEvent(bytes: Uint8Array, offset: number, end: number = bytes.length): number {
  const stop = Math.min(end, bytes.length);
  if (offset < stop && !isMapLead(bytes[offset]!)) throw notMapError(offset, bytes[offset]!);
  return scan(bytes, offset, stop, false);
}

/** Like {@linkcode skipMsgpack}, for the value of a field of an event. */
export function skipField(bytes: Uint8Array, offset: number): number {
  return scan(bytes, offset, bytes.length, false, MAX_DEPTH - 1);
}

/**
 * Checks that bytes are exactly one valid event: a map whose keys are strings (of any MessagePack
 * string type) at every level. Strings need not be UTF-8, because old writers put raw bytes into them.
 *
 * @example Usage
 * ```ts
 * import { validateEvent } from "@triton/triton/codec";
 * import { throws } from "node:assert/strict";
 * validateEvent(Uint8Array.of(0x81, 0xa1, 0x61, 1)); // {"a":1}
 * throws(() => validateEvent(new TextEncoder().encode("{}")), { name: "ArchiveFormatError" });
 * ```
 * @param bytes The bytes to check.
 * @throws {ArchiveFormatError} If they are not a map, a key is not a string, there are too few or too
 * many bytes, and as {@linkcode skipMsgpack} does.
 */
export function validateEvent(bytes: Uint8Array): void {
  if (bytes.length > 0 && !isMapLead(bytes[0]!)) throw notMapError(0, bytes[0]!);
  const end = scan(bytes, 0, bytes.length, true);
  if (end < 0) throw truncatedError(0);
  if (end !== bytes.length) throw trailingError(end);
}

/** Whether the enclosing containers are maps (1) or not (0), and their remaining entries. */
const outerIsMap = new Uint8Array(MAX_DEPTH);
const outerEntries = new Float64Array(MAX_DEPTH);

/**
 * The hot loop. `entries` counts what is missing in the current container: array elements, or
 * key-value pairs if keys are checked, so that the check is one comparison per pair; otherwise a map
 * of n pairs counts as 2n values. A table has the size of most values.
 */
function scan(
  bytes: Uint8Array,
  offset: number,
  end: number,
  strictKeys: boolean,
  maxDepth: number = MAX_DEPTH,
): number {
  let pos = offset;
  let depth = 0;
  let entries = 1;
  let isMap = 0;
  for (;;) {
    while (entries === 0) {
      if (depth === 0) return pos > end ? -1 : pos;
      depth--;
      entries = outerEntries[depth]!;
      isMap = outerIsMap[depth]!;
    }
    entries--;
    if (isMap === 1) {
      if (pos >= end) return -1;
      const key = bytes[pos]!;
      if ((key & 0xe0) === 0xa0) pos += key - 0x9f;
      else {
        pos = skipLongKey(bytes, pos, end);
        if (pos < 0) return -1;
      }
    }
    if (pos >= end) return -1;
    const lead = bytes[pos]!;
    const size = FIXED_SIZES[lead]!;
    if (size !== 0) {
      pos += size;
      continue;
    }
    if (lead === 0xd9) {
      if (pos + 1 >= end) return -1;
      pos += 2 + bytes[pos + 1]!;
      continue;
    }
    if (lead < 0xa0 || (lead >= 0xdc && lead <= 0xdf)) {
      let count = lead & 0x0f;
      const start = pos++;
      if (lead >= 0xdc) {
        const width = (lead & 1) === 0 ? 2 : 4;
        if (pos + width > end) return -1;
        count = width === 2 ? readUint16(bytes, pos) : readUint32(bytes, pos);
        pos += width;
      }
      if (count === 0) continue;
      // Each value has at least one byte, so a count above the remaining bytes is truncated.
      if (count > end - pos) return -1;
      if (depth === maxDepth) throw tooDeepError(start);
      outerEntries[depth] = entries;
      outerIsMap[depth] = isMap;
      depth++;
      const opensMap = lead < 0x90 || lead >= 0xde;
      isMap = opensMap && strictKeys ? 1 : 0;
      entries = opensMap && !strictKeys ? count * 2 : count;
      continue;
    }
    pos = skipLong(bytes, pos, end);
    if (pos < 0) return -1;
  }
}

function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function readUint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | readUint16(bytes, at + 2));
}

/** Skips a string, binary or extension whose length is in the bytes after the first. */
function skipLong(bytes: Uint8Array, pos: number, end: number): number {
  const lead = bytes[pos]!;
  if (lead === 0xc1) throw unknownTypeError(pos);
  // 0xc4 to 0xc6 are binaries, 0xc7 to 0xc9 extensions, 0xd9 to 0xdb strings: of each 8, 16, 32 bits.
  const step = lead >= 0xd9 ? lead - 0xd9 : (lead - 0xc4) % 3;
  const typeSize = lead >= 0xc7 && lead <= 0xc9 ? 1 : 0;
  const width = 1 << step;
  const body = pos + 1 + width;
  if (body > end) return -1;
  const length = width === 1
    ? bytes[pos + 1]!
    : width === 2
    ? readUint16(bytes, pos + 1)
    : readUint32(bytes, pos + 1);
  return body + typeSize + length;
}

function skipLongKey(bytes: Uint8Array, pos: number, end: number): number {
  const lead = bytes[pos]!;
  if (lead >= 0xd9 && lead <= 0xdb) return skipLong(bytes, pos, end);
  throw new ArchiveFormatError(
    `Cannot read event at offset ${pos}: a map key begins with 0x${
      lead.toString(16).padStart(2, "0")
    }, not as a string`,
    { offset: pos },
  );
}
