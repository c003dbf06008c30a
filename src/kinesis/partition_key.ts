import { decodeField } from "../codec/msgpack/decode.ts";
import { encodeEvent } from "../codec/msgpack/encode.ts";
import { TritonError } from "../base/errors.ts";
import type { EventData } from "../base/record.ts";
import type { PutEntry } from "./kinesis_api.ts";

/** Thrown when an event has no partition key. */
export class PartitionKeyError extends TritonError {
  /** The field that should hold the key. */
  readonly field: string;

  /**
   * Creates an error.
   *
   * @param field The field that should hold the key.
   * @param why What is wrong with it.
   */
  constructor(field: string, why: string) {
    super(`Cannot pick a shard: field "${field}", the stream's partition_key, is ${why}`);
    this.field = field;
  }
}

/**
 * Gets the partition key of an event.
 *
 * @example Usage
 * ```ts
 * import { partitionKeyOf } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * equal(partitionKeyOf({ user_id: 17, page: "/" }, "user_id"), "17");
 * ```
 * @param event The event, or its MessagePack bytes, of which only the field is decoded.
 * @param field The field whose value is the key, such as a stream's `partitionKey` in the
 * configuration: a string, a number or a boolean.
 * @returns The key.
 * @throws {PartitionKeyError} If the event has no such field, or it has another type.
 * @throws {ArchiveFormatError} If bytes are not an event.
 */
export function partitionKeyOf(event: EventData | Uint8Array, field: string): string {
  const value = valueOf(event, field);
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    default:
      throw new PartitionKeyError(
        field,
        value === undefined ? "missing" : "not a string, number or boolean",
      );
  }
}

/**
 * Makes the record of an event.
 *
 * @param key The field whose value is the partition key, or a function that returns the key.
 * @returns The record to put.
 * @throws {PartitionKeyError} As {@linkcode partitionKeyOf} does.
 * @throws {TypeError} If the event holds what MessagePack cannot.
 */
export function putEntryOf<E extends EventData | Uint8Array>(
  event: E,
  key: string | ((event: E) => string),
): PutEntry {
  const partitionKey = typeof key === "string" ? partitionKeyOf(event, key) : key(event);
  return { partitionKey, data: event instanceof Uint8Array ? event : encodeEvent(event) };
}

function valueOf(event: EventData | Uint8Array, field: string): unknown {
  if (event instanceof Uint8Array) return decodeField(event, field);
  return Object.hasOwn(event, field) ? event[field] : undefined;
}
