import { jsonReader } from "../wasm/read_json.ts";
import type { BigIntegers } from "./fault.ts";
import { parseSimply } from "./parse_simply.ts";

/** Size of the arrays that events are cut from: allocating one for each takes as long as parsing it. */
const POOL_SIZE = 1 << 14;
/** A longer event gets its own memory, so that it does not keep a half-empty pool. */
const MAX_POOLED = POOL_SIZE >> 2;

let pool = new Uint8Array(0);
let used = 0;

/** Options of {@linkcode parseJsonEvent}. */
export interface ParseJsonEventOptions {
  /**
   * How to handle integers beyond 64 bits: `"refuse"` throws, `"text"` converts them to a string of
   * their digits. Default: `"refuse"`.
   */
  readonly bigIntegers?: BigIntegers | undefined;
}

/**
 * Parses a line of JSON into an event.
 *
 * Integers that fit in 64 bits, signed or unsigned, are exact, while `JSON.parse` rounds those above
 * 2^53; all other numbers are parsed as `JSON.parse` does. Values that an event cannot contain are
 * rejected, with their place, instead of changed: numbers beyond the range of a double, integers
 * beyond 64 bits, half of a surrogate pair, and duplicate keys.
 *
 * @example Usage
 * ```ts
 * import { msgpackToJson, parseJsonEvent } from "@triton/triton/codec";
 * import { equal, throws } from "node:assert/strict";
 * const event = parseJsonEvent('{"id": 18446744073709551615}');
 * equal(new TextDecoder().decode(msgpackToJson(event)), '{"id":18446744073709551615}');
 * throws(() => parseJsonEvent('{"id": 1e400}'), /column 8: .* is beyond the range of a double/);
 * ```
 * @param text One JSON object; white space around it is ignored.
 * @param options How to handle large integers.
 * @returns The event in MessagePack; short events share their `buffer` with others.
 * @throws {JsonEventError} If the text is not JSON, is not an object, contains what an event cannot,
 * or is nested too deeply: more than 10,000 arrays and objects, or about 3,000 if it has integers
 * above 2^53.
 */
export function parseJsonEvent(text: string, options: ParseJsonEventOptions = {}): Uint8Array {
  const event = jsonReader().readText(text);
  return event === undefined ? parseSimply(text, options.bigIntegers ?? "refuse") : copyOf(event);
}

/** Copies an event out of the reader's memory. */
function copyOf(event: Uint8Array): Uint8Array {
  if (event.length > MAX_POOLED) return event.slice();
  if (used + event.length > pool.length) [pool, used] = [new Uint8Array(POOL_SIZE), 0];
  const copy = pool.subarray(used, used += event.length);
  copy.set(event);
  return copy;
}
