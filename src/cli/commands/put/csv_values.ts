import { Buffer } from "node:buffer";
import {
  type ColumnType,
  SIMPLE_TYPES,
  type TimeForm,
  typeText,
} from "../../../archive/tables/column_types.ts";
import { toMicros } from "../../../archive/tables/times.ts";
import { TritonError } from "../../../base/errors.ts";
import { decodeEvent } from "../../../codec/msgpack/decode.ts";
import { Timestamp } from "../../../codec/msgpack/values.ts";

/** Thrown when a row of CSV cannot become an event. */
export class CsvError extends TritonError {}

/** Parses JSON as `put` does: integers are exact, and what an event cannot hold is refused. */
export type ParseJson = (text: string) => Uint8Array;

/**
 * Converts a field of CSV into a value of a type.
 *
 * @param text The field; not empty, unless the type is `string` or `binary`.
 * @throws {CsvError} If it is not of the type.
 */
export function csvValue(text: string, type: ColumnType, parse: ParseJson): unknown {
  switch (type.type) {
    case "string":
      return text;
    case "json":
      return jsonValue(text, parse);
    case "list": {
      const list = jsonValue(text, parse);
      if (Array.isArray(list)) return list.map((item) => listItem(item, type.element, parse));
      throw misfit(text, type);
    }
    default:
      return scalarValue(text, type) ?? fail(text, type);
  }
}

/** The value of a type that is not text nor JSON; undefined if it is none. */
function scalarValue(text: string, type: ColumnType): unknown {
  switch (type.type) {
    case "int64":
      return integerOf(text);
    case "double":
      return doubleOf(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "binary":
      return BASE64.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined;
    case "timestamp":
      return timeOf(text, type.form);
    default:
      return undefined;
  }
}

const DOUBLE = /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]?Infinity)$/;

/** A double; undefined if it is none, or beyond their range. */
function doubleOf(text: string): number | undefined {
  if (!DOUBLE.test(text)) return undefined;
  const value = Number(text);
  return Math.abs(value) === Infinity && !text.endsWith("Infinity") ? undefined : value;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** An integer of 64 bits, with or without a sign. */
function integerOf(text: string): number | bigint | undefined {
  if (!/^[+-]?\d{1,20}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  if (value < -(2n ** 63n) || value >= 2n ** 64n) return undefined;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** A time as the events have it: of MessagePack, or text or a number, which must have the form. */
function timeOf(text: string, form: TimeForm): unknown {
  if (form === "iso" || form === "rfc3339") {
    return toMicros(text, form) === undefined ? undefined : text;
  }
  if (form === "time") return timestampOf(text);
  return DOUBLE.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/;

function timestampOf(text: string): Timestamp | undefined {
  const [, whole, fraction = ""] = TIME.exec(text) ?? [];
  const ms = Date.parse(`${whole}Z`);
  // Some days are taken for those of the next month.
  const isTime = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(whole!);
  return isTime ? new Timestamp(ms / 1000, Number(fraction.padEnd(9, "0"))) : undefined;
}

/** A value of a list, which JSON has as text if it has no such type. */
function listItem(item: unknown, type: ColumnType, parse: ParseJson): unknown {
  if (item === null || type.type === "json") return item;
  if (type.type === "list" && Array.isArray(item)) {
    return item.map((inner) => listItem(inner, type.element, parse));
  }
  if (type.type === "string" && typeof item === "string") return item;
  if (type.type === "binary" || type.type === "timestamp") {
    return typeof item === "string" || typeof item === "number"
      ? csvValue(String(item), type, parse)
      : fail(JSON.stringify(item), type);
  }
  const isOf = {
    int64: typeof item === "bigint" || Number.isInteger(item),
    double: typeof item === "number",
    boolean: typeof item === "boolean",
  }[type.type as string] ?? false;
  return isOf ? item : fail(String(item), type);
}

function jsonValue(text: string, parse: ParseJson): unknown {
  try {
    const event = decodeEvent(parse(`{"value":${text}}`));
    // `1,"key":2` would be two fields.
    if (Object.keys(event).length === 1) return event.value;
  } catch (cause) {
    throw notJson(text, cause);
  }
  throw notJson(text);
}

function notJson(text: string, cause?: unknown): CsvError {
  return new CsvError(`${quoted(text)} is not JSON that an event can hold`, { cause });
}

function fail(text: string, type: ColumnType): never {
  throw misfit(text, type);
}

function misfit(text: string, type: ColumnType): CsvError {
  const known = SIMPLE_TYPES.includes(type.type as "json") ? type.type : typeText(type);
  return new CsvError(`${quoted(text)} is not ${known}`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
