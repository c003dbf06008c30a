import { createHash } from "node:crypto";
import { FieldReader, MalformedMessage } from "./protobuf_fields.ts";

/** One record of an {@linkcode Aggregate}. */
export interface AggregatedRecord {
  /** The key that the producer gave it. */
  readonly partitionKey: string;
  /** The payload. */
  readonly data: Uint8Array;
}

const MAGIC = [0xf3, 0x89, 0x9a, 0xc2] as const;
const DIGEST_SIZE = 16;
/** Kinesis accepts no longer keys; a long key that many records share must not fill the memory. */
const MAX_KEY_CHARACTERS = 256;

/** Fields of AggregatedRecord; field 2, the table of explicit hash keys, only picked the shard. */
const [KEY_TABLE, RECORDS] = [1, 3];
/** Fields of Record; fields 2, the index of an explicit hash key, and 4, tags, are ignored. */
const [KEY_INDEX, DATA] = [1, 3];
/** Numbers kept per record: the index of its key, and the start and end of its payload. */
const PLACES = 3;

/** The records in an aggregate, created on demand. */
export class Aggregate {
  readonly #bytes: Uint8Array;
  readonly #keys: readonly string[];
  readonly #places: readonly number[];

  /** Wraps records; `places` has three numbers for each: index of the key, start and end. */
  constructor(bytes: Uint8Array, keys: readonly string[], places: readonly number[]) {
    this.#bytes = bytes;
    this.#keys = keys;
    this.#places = places;
  }

  /** Number of records, at least one. */
  get length(): number {
    return this.#places.length / PLACES;
  }

  /**
   * Returns a record.
   *
   * @param index Its index, from 0.
   * @returns The record; its payload is a view of the aggregate's bytes.
   * @throws {RangeError} If there is no such record.
   */
  record(index: number): AggregatedRecord {
    const at = index * PLACES;
    const key = this.#places[at];
    if (key === undefined) throw new RangeError(`Cannot get record ${index} of ${this.length}`);
    const data = this.#bytes.subarray(this.#places[at + 1], this.#places[at + 2]);
    return { partitionKey: this.#keys[key]!, data };
  }
}

/**
 * Decodes an aggregate of the Kinesis Producer Library (KPL): the four bytes F3 89 9A C2, a protobuf
 * message, and its MD5. Costs nothing for other bytes, such as events: no MessagePack map starts with
 * F3.
 *
 * As in the official libraries, bytes with a wrong MD5 or message are not an aggregate. Neither is a
 * message without records, one that refers to a missing key, or one with a key of more than 256
 * characters: the official libraries would drop these records.
 *
 * Source: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>.
 *
 * @example Usage
 * ```ts
 * import { decodeAggregate, encodeEvent } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * equal(decodeAggregate(encodeEvent({ page: "/" })), undefined);
 * ```
 * @param data The payload of any Kinesis record.
 * @returns The records in it; undefined if it is not an aggregate.
 */
export function decodeAggregate(data: Uint8Array): Aggregate | undefined {
  if (data[0] !== MAGIC[0] || !MAGIC.every((byte, index) => data[index] === byte)) return undefined;
  const end = data.length - DIGEST_SIZE;
  if (end <= MAGIC.length || !isDigest(data.subarray(MAGIC.length, end), data.subarray(end))) {
    return undefined;
  }
  try {
    return readMessage(data, MAGIC.length, end);
  } catch (error) {
    if (error instanceof MalformedMessage) return undefined;
    throw error;
  }
}

function isDigest(message: Uint8Array, digest: Uint8Array): boolean {
  return createHash("md5").update(message).digest().equals(digest);
}

function readMessage(bytes: Uint8Array, from: number, to: number): Aggregate | undefined {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const keys: string[] = [];
  const places: number[] = [];
  const fields = new FieldReader(bytes, from, to);
  while (fields.next()) {
    if (fields.from === undefined) continue;
    if (fields.field === KEY_TABLE) {
      keys.push(decoder.decode(bytes.subarray(fields.from, fields.to)));
      if (isTooLong(keys.at(-1)!)) return undefined;
    } else if (fields.field === RECORDS) {
      readRecord(new FieldReader(bytes, fields.from, fields.to), places);
    }
  }
  for (let at = 0; at < places.length; at += PLACES) {
    if (places[at]! >= keys.length) return undefined;
  }
  return places.length > 0 ? new Aggregate(bytes, keys, places) : undefined;
}

/** Reads one record, and adds its three places. */
function readRecord(fields: FieldReader, places: number[]): void {
  let key: number | undefined;
  let from: number | undefined;
  let to = 0;
  while (fields.next()) {
    if (fields.field === KEY_INDEX) key = fields.number ?? key;
    if (fields.field === DATA && fields.from !== undefined) ({ from, to } = fields);
  }
  if (key === undefined || from === undefined) throw new MalformedMessage();
  places.push(key, from, to);
}

/** Whether a key has more characters than Kinesis accepts; counts only long keys. */
function isTooLong(key: string): boolean {
  return key.length > MAX_KEY_CHARACTERS && [...key].length > MAX_KEY_CHARACTERS;
}
