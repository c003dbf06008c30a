import { TritonError } from "../../base/errors.ts";
import { type BigIntegers, findJsonFault, isInteger64 } from "./fault.ts";
import { hasEscapedKey, readJson } from "./read.ts";
import { type CountedMsgpack, encodeCounted } from "../msgpack/encode.ts";

/** Thrown when text is not one JSON object, or contains what an event cannot. */
export class JsonEventError extends TritonError {
  /** Column of the fault in UTF-16 code units, counted from 1. */
  readonly column: number;

  /**
   * Creates an error.
   *
   * @param message What is wrong.
   * @param options `column` of the fault, counted from 1.
   */
  constructor(message: string, options: ErrorOptions & { readonly column: number }) {
    super(message, options);
    this.column = options.column;
  }
}

/**
 * Parses text as `parseJsonEvent` does, with `JSON.parse`.
 *
 * It is used for what the reader in WebAssembly refuses, and defines what that must return.
 *
 * @throws {JsonEventError} As `parseJsonEvent` does.
 */
export function parseSimply(text: string, bigIntegers: BigIntegers): Uint8Array {
  try {
    const hasEscapes = text.includes("\\");
    if (hasEscapes && hasEscapedKey(text)) return encodeExactly(text, bigIntegers);
    const { bytes, keys, isFinite } = encodeText(text, bigIntegers);
    if (
      !isFinite || !hasKeys(text, keys, hasEscapes) || !text.isWellFormed() ||
      (hasEscapes && SURROGATE_ESCAPE.test(text))
    ) throwFault(text, bigIntegers);
    return bytes;
  } catch (cause) {
    if (cause instanceof JsonEventError) throw cause;
    throwFault(text, bigIntegers, cause);
    throw new JsonEventError("Cannot read event: nested too deeply", {
      cause,
      column: firstColumn(text),
    });
  }
}

const INTEGER = /^-?\d+$/;
/** White space that may be between a key and its colon. */
const SPACED_COLONS = [" :", "\t:", "\r:", "\n:"];
const SPACED_KEY = /"[ \t\r\n]*:/g;
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
const BACKSLASH = 0x5c;

/** Whether the last text had large integers: then the next one probably has them too. */
let expectsLarge = false;

/** Parses with a reviver, which takes three times as long, only if a number is not exact. */
function encodeText(text: string, bigIntegers: BigIntegers): CountedMsgpack {
  if (!expectsLarge) {
    const plain = encodeCounted(asObject(JSON.parse(text), text));
    if (!plain.hasLarge) return plain;
  }
  const reviver = bigIntegers === "text" ? keepAsText : keepInteger;
  const exact = encodeCounted(asObject(JSON.parse(text, reviver), text));
  expectsLarge = exact.hasLarge;
  return exact;
}

/** Encodes text that `JSON.parse` may misread: see {@linkcode readJson}. */
function encodeExactly(text: string, bigIntegers: BigIntegers): Uint8Array {
  throwFault(text, bigIntegers);
  const reviver = bigIntegers === "text" ? keepAsText : keepInteger;
  const value = readJson(text, (source) => reviver("", Number(source), { source }));
  return encodeCounted(asObject(value, text)).bytes;
}

function asObject(value: unknown, text: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new JsonEventError("Cannot read event: not a JSON object", { column: firstColumn(text) });
}

/** Converts integers beyond the safe range to bigints. */
function keepInteger(
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  if (source === undefined || !INTEGER.test(source)) return value;
  if (!isInteger64(source)) throw new RangeError("An integer does not fit in 64 bits");
  return BigInt(source);
}

/** Converts integers beyond 64 bits to their digits. */
function keepAsText(
  key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source;
  const isBig = typeof value === "number" && source !== undefined && INTEGER.test(source) &&
    !isInteger64(source);
  return isBig ? source : keepInteger(key, value, context);
}

/**
 * Whether a text certainly has exactly this many keys, so that no object has a duplicate key.
 *
 * Each key ends with a quote and a colon. Strings can contain these too, escaped or at their start,
 * so there may be more of them than keys, but never fewer.
 */
function hasKeys(text: string, keys: number, hasEscapes: boolean): boolean {
  // Without two backslashes before it, a quote after a backslash does not end a string.
  if (hasEscapes && text.includes('\\\\"')) return false;
  if (SPACED_COLONS.some((colon) => text.includes(colon))) {
    return text.match(SPACED_KEY)?.length === keys;
  }
  let most = 0;
  for (let at = text.indexOf('":'); at >= 0; at = text.indexOf('":', at + 2)) {
    if (!hasEscapes || text.charCodeAt(at - 1) !== BACKSLASH) most++;
  }
  return most === keys;
}

/** Throws the first fault of a text, if there is one. */
function throwFault(text: string, bigIntegers: BigIntegers, cause?: unknown): void {
  const fault = findJsonFault(text, bigIntegers);
  if (fault === undefined) return;
  const column = fault.index + 1;
  throw new JsonEventError(`Cannot read event at column ${column}: ${fault.why}`, {
    cause,
    column,
  });
}

function firstColumn(text: string): number {
  return text.search(/[^ \t\r\n]|$/) + 1;
}
