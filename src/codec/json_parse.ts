/**
 * Lines of JSON to events.
 *
 * @module
 */

import { TritonError } from "../errors.ts";
import { findJsonMistake } from "./json_mistake.ts";
import { encodeEvent } from "./msgpack_encode.ts";

/** Thrown when text is not one JSON object. */
export class JsonEventError extends TritonError {
  /** Where the mistake is, in UTF-16 units from the start of the text, counted from 1. */
  readonly column: number;

  /**
   * Creates an error.
   *
   * @param message What is wrong.
   * @param options `column` of the mistake, counted from 1.
   */
  constructor(message: string, options: ErrorOptions & { readonly column: number }) {
    super(message, options);
    this.column = options.column;
  }
}

/**
 * Turns a line of JSON into an event.
 *
 * Integers that fit in 64 bits, signed or unsigned, are kept exactly, where `JSON.parse` rounds those
 * above 2^53; integers beyond that, and all other numbers, are read as `JSON.parse` reads them. Of
 * keys that are equal the last one counts.
 *
 * @example Usage
 * ```ts
 * import { msgpackToJson, parseJsonEvent } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * const event = parseJsonEvent('{"id": 18446744073709551615}');
 * equal(new TextDecoder().decode(msgpackToJson(event)), '{"id":18446744073709551615}');
 * ```
 * @param text One JSON object; white space around it is passed over.
 * @returns The event in MessagePack; short ones share their `buffer` with others.
 * @throws {JsonEventError} If the text is not JSON, not an object, or nested too deeply to be read.
 */
export function parseJsonEvent(text: string): Uint8Array {
  const event = parse(text);
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    throw new JsonEventError("Cannot read event: not a JSON object", { column: firstColumn(text) });
  }
  try {
    return encodeEvent(event);
  } catch (cause) {
    throw tooDeepError(text, cause);
  }
}

/** Integers of fewer digits are exact as numbers; and where there is none, so is everything. */
const LONG_DIGITS = /\d{16}/;
const INTEGER = /^-?\d+$/;

function parse(text: string): unknown {
  try {
    return LONG_DIGITS.test(text) ? JSON.parse(text, keepInteger) : JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw tooDeepError(text, cause);
    const { index, expected } = findJsonMistake(text);
    const column = index + 1;
    throw new JsonEventError(`Cannot read event at column ${column}: expected ${expected}`, {
      cause,
      column,
    });
  }
}

/** Gives integers that no number holds as bigints, as long as 64 bits do. */
function keepInteger(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  if (source === undefined || !INTEGER.test(source)) return value;
  const integer = BigInt(source);
  return integer >= -(2n ** 63n) && integer < 2n ** 64n ? integer : value;
}

function tooDeepError(text: string, cause: unknown): JsonEventError {
  const column = firstColumn(text);
  return new JsonEventError("Cannot read event: nested too deeply", { cause, column });
}

function firstColumn(text: string): number {
  return text.search(/[^ \t\r\n]|$/) + 1;
}
