import { MsgpackDecoder } from "../../../codec/msgpack/decoder.ts";
import { FIXED_SIZES } from "../../../codec/msgpack/format.ts";
import { utf8SequenceLength } from "../../../codec/msgpack/text.ts";
import type { ColumnType } from "../column_types.ts";
import { exactJson } from "../exact_json.ts";
import type { LeafColumn } from "./leaf_column.ts";
import { toMicros } from "../times.ts";

/** The value is not exactly one of the column's type. */
const MISFIT = -1;

/**
 * Adds the MessagePack value at `at` to a leaf, if it is exactly one of its type.
 *
 * @param view One of `bytes`.
 * @returns Where the value ends; negative if it does not fit, and nothing was added.
 */
export function addScalar(
  leaf: LeafColumn,
  type: ColumnType,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  repetition: number,
): number {
  const lead = bytes[at]!;
  switch (type.type) {
    case "int64":
      return addInteger(leaf, lead, view, at, repetition);
    case "double":
      return addDouble(leaf, lead, view, at, repetition);
    case "boolean":
      if (lead !== 0xc2 && lead !== 0xc3) return MISFIT;
      leaf.addBoolean(lead === 0xc3, repetition);
      return at + 1;
    case "string":
      return addString(leaf, lead, bytes, view, at, repetition);
    case "binary":
      if (lead < 0xc4 || lead > 0xc6) return MISFIT;
      return addBody(leaf, lead - 0xc4, bytes, view, at, repetition);
    default:
      return addDecoded(leaf, type, bytes, at, repetition);
  }
}

/** Adds an integer, or a double that is a safe integer, as `decodeEvent` does not tell them apart. */
function addInteger(
  leaf: LeafColumn,
  lead: number,
  view: DataView,
  at: number,
  repetition: number,
): number {
  if (lead < 0x80) {
    leaf.addInt64(lead, 0, repetition);
    return at + 1;
  }
  if (lead >= 0xe0) {
    leaf.addInt64(lead - 256, -1, repetition);
    return at + 1;
  }
  if (lead === 0xcf || lead === 0xd3) {
    const high = view.getInt32(at + 1);
    // An unsigned integer of 64 bits.
    if (lead === 0xcf && high < 0) return MISFIT;
    leaf.addInt64(view.getInt32(at + 5), high, repetition);
    return at + 9;
  }
  const value = readNumber(lead, view, at);
  if (value === undefined || !Number.isSafeInteger(value) || Object.is(value, -0)) return MISFIT;
  leaf.addInt64(value | 0, Math.floor(value / 0x100000000), repetition);
  return at + FIXED_SIZES[lead]!;
}

/** Adds a number that `decodeEvent` returns as a number. */
function addDouble(
  leaf: LeafColumn,
  lead: number,
  view: DataView,
  at: number,
  repetition: number,
): number {
  if (lead < 0x80 || lead >= 0xe0) {
    leaf.addDouble(lead < 0x80 ? lead : lead - 256, repetition);
    return at + 1;
  }
  let value: number | undefined;
  if (lead === 0xcf || lead === 0xd3) {
    const high = lead === 0xcf ? view.getUint32(at + 1) : view.getInt32(at + 1);
    value = high * 0x100000000 + view.getUint32(at + 5);
    if (!Number.isSafeInteger(value)) return MISFIT;
  } else value = readNumber(lead, view, at);
  if (value === undefined) return MISFIT;
  leaf.addDouble(value, repetition);
  return at + FIXED_SIZES[lead]!;
}

/** Reads a float, or an integer of at most 32 bits; undefined for anything else. */
function readNumber(lead: number, view: DataView, at: number): number | undefined {
  switch (lead) {
    case 0xca:
      return view.getFloat32(at + 1);
    case 0xcb:
      return view.getFloat64(at + 1);
    case 0xcc:
      return view.getUint8(at + 1);
    case 0xcd:
      return view.getUint16(at + 1);
    case 0xce:
      return view.getUint32(at + 1);
    case 0xd0:
      return view.getInt8(at + 1);
    case 0xd1:
      return view.getInt16(at + 1);
    case 0xd2:
      return view.getInt32(at + 1);
    default:
      return undefined;
  }
}

function addString(
  leaf: LeafColumn,
  lead: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  repetition: number,
): number {
  let [start, length] = [at + 1, lead & 0x1f];
  if ((lead & 0xe0) !== 0xa0) {
    if (lead < 0xd9 || lead > 0xdb) return MISFIT;
    const step = lead - 0xd9;
    start += 1 << step;
    length = readLength(view, at + 1, step);
  }
  const end = start + length;
  if (isUtf8(bytes, view, start, end)) leaf.addBytes(bytes, view, start, end, repetition);
  else leaf.addText(readValue(bytes, at) as string, repetition);
  return end;
}

/** Adds the bytes of a binary. */
function addBody(
  leaf: LeafColumn,
  step: number,
  bytes: Uint8Array,
  view: DataView,
  at: number,
  repetition: number,
): number {
  const start = at + 1 + (1 << step);
  const end = start + readLength(view, at + 1, step);
  leaf.addBytes(bytes, view, start, end, repetition);
  return end;
}

function readLength(view: DataView, at: number, step: number): number {
  if (step === 0) return view.getUint8(at);
  return step === 1 ? view.getUint16(at) : view.getUint32(at);
}

function isUtf8(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
  let all = 0;
  let at = start;
  for (const last = end - 4; at <= last; at += 4) all |= view.getInt32(at);
  for (; at < end; at++) all |= bytes[at]!;
  if ((all & 0x80808080) === 0) return true;
  for (at = start; at < end;) {
    const length = utf8SequenceLength(bytes, at, end);
    if (length === 0) return false;
    at += length;
  }
  return true;
}

/** Adds a value that is decoded first: a time, or one that becomes JSON. */
function addDecoded(
  leaf: LeafColumn,
  type: ColumnType,
  bytes: Uint8Array,
  at: number,
  repetition: number,
): number {
  if (bytes[at] === 0xc0) return MISFIT;
  const decoder = new MsgpackDecoder(bytes);
  decoder.offset = at;
  const value = decoder.read();
  if (type.type === "timestamp") {
    const micros = toMicros(value, type.form);
    if (micros === undefined) return MISFIT;
    leaf.addBigInt(micros, repetition);
  } else leaf.addText(exactJson(value), repetition);
  return decoder.offset;
}

function readValue(bytes: Uint8Array, at: number): unknown {
  const decoder = new MsgpackDecoder(bytes);
  decoder.offset = at;
  return decoder.read();
}
