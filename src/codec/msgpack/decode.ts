import type { EventData } from "../../base/record.ts";
import { MsgpackDecoder } from "./decoder.ts";
import { isMapLead, notMapError, trailingError, truncatedError } from "./format.ts";

/**
 * Decodes one MessagePack value.
 *
 * Integers in the safe range become numbers, others bigints. A binary becomes a `Uint8Array` with its
 * own memory. A timestamp extension, or a time as written by Go (type 5), becomes a
 * {@linkcode Timestamp}; any other extension, and a time that is malformed or out of the range of
 * `Date`, becomes an {@linkcode Extension}. In a string, each byte that is not UTF-8 becomes U+FFFD.
 *
 * A string may share memory with its neighbours, so keeping one string may keep up to 4 KiB of text.
 *
 * A map becomes an object; if keys are equal, the last one counts. A binary key is read as a string;
 * any other key that is not a string becomes its JSON text. `__proto__` is a key like any other.
 *
 * @example Usage
 * ```ts
 * import { decodeMsgpack } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(decodeMsgpack(Uint8Array.of(0x92, 1, 0xa1, 0x61)), [1, "a"]);
 * ```
 * @param bytes The value, and nothing else.
 * @returns The value.
 * @throws {ArchiveFormatError} If the bytes are not one value, or arrays and maps are nested more
 * than 10,000 deep.
 */
export function decodeMsgpack(bytes: Uint8Array): unknown {
  const decoder = new MsgpackDecoder(bytes);
  const value = decoder.read();
  if (decoder.offset !== bytes.length) throw trailingError(decoder.offset);
  return value;
}

/**
 * Decodes one event, like {@linkcode decodeMsgpack}.
 *
 * @example Usage
 * ```ts
 * import { decodeEvent } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(decodeEvent(Uint8Array.of(0x81, 0xa1, 0x61, 1)), { a: 1 });
 * ```
 * @param bytes The event, and nothing else.
 * @returns The event.
 * @throws {ArchiveFormatError} If the bytes are not a map, and as {@linkcode decodeMsgpack} does.
 */
export function decodeEvent(bytes: Uint8Array): EventData {
  if (bytes.length > 0 && !isMapLead(bytes[0]!)) throw notMapError(0, bytes[0]!);
  return decodeMsgpack(bytes) as EventData;
}

/**
 * Decodes one field of an event, without decoding the others.
 *
 * @param bytes The event, and nothing else.
 * @returns The value of the field, as {@linkcode decodeEvent} decodes it; undefined if missing.
 * @throws {ArchiveFormatError} As {@linkcode decodeEvent} does.
 */
export function decodeField(bytes: Uint8Array, name: string): unknown {
  if (bytes.length === 0) throw truncatedError(0);
  if (!isMapLead(bytes[0]!)) throw notMapError(0, bytes[0]!);
  const decoder = new MsgpackDecoder(bytes);
  const value = decoder.readField(name);
  if (decoder.offset !== bytes.length) throw trailingError(decoder.offset);
  return value;
}

/**
 * Decodes a sequence of MessagePack values.
 *
 * @example Usage
 * ```ts
 * import { decodeMsgpackSequence } from "@triton/triton/codec";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual([...decodeMsgpackSequence(Uint8Array.of(1, 0xc0))], [1, null]);
 * ```
 * @param bytes Any number of complete values.
 * @returns The values, decoded on demand, like {@linkcode decodeMsgpack}.
 * @throws {ArchiveFormatError} While iterating, if a value is malformed or truncated; the offset
 * counts from the start of `bytes`.
 */
export function* decodeMsgpackSequence(bytes: Uint8Array): Generator<unknown, void, void> {
  const decoder = new MsgpackDecoder(bytes);
  while (decoder.offset < bytes.length) yield decoder.read();
}
