/**
 * Records that the Kinesis Producer Library has packed into one.
 *
 * @module
 */

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
/** Kinesis takes no longer key; and one long key that many records share must not fill the memory. */
const MAX_KEY_CHARACTERS = 256;

/** Fields of AggregatedRecord; number 2, the table of explicit hash keys, only picked the shard. */
const [KEY_TABLE, RECORDS] = [1, 3];
/** Fields of Record; number 2, the index of an explicit hash key, and 4, tags, are passed over. */
const [KEY_INDEX, DATA] = [1, 3];
/** What is kept of a record: the index of its key, and where its payload begins and ends. */
const PLACES = 3;

/** The records in an aggregate, each made when it is asked for. */
export class Aggregate {
  readonly #bytes: Uint8Array;
  readonly #keys: readonly string[];
  readonly #places: readonly number[];

  /** Wraps records whose `places` are three numbers each: index of the key, begin and end. */
  constructor(bytes: Uint8Array, keys: readonly string[], places: readonly number[]) {
    this.#bytes = bytes;
    this.#keys = keys;
    this.#places = places;
  }

  /** How many records there are: one at least. */
  get length(): number {
    return this.#places.length / PLACES;
  }

  /**
   * Gets a record.
   *
   * @param index Its place, from 0.
   * @returns The record; its payload is a view of the aggregate's bytes.
   * @throws {RangeError} If there is none.
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
 * Decodes what the Kinesis Producer Library (KPL) makes of several records: four bytes F3 89 9A C2,
 * a protobuf message, and its MD5. Costs nothing for other bytes, an event above all: no MessagePack
 * map begins with F3.
 *
 * As in the official libraries, bytes whose MD5 or message is wrong are no aggregate. Neither are,
 * beyond these, a message without records, one that names a key which is not there, and one with a
 * key of more than 256 characters: those libraries would drop records there.
 *
 * Source: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>.
 *
 * @example Usage
 * ```ts
 * import { decodeAggregate, encodeEvent } from "@triton/triton/codec";
 * import { equal } from "node:assert/strict";
 * equal(decodeAggregate(encodeEvent({ page: "/" })), undefined);
 * ```
 * @param data The payload of a Kinesis record, whatever it is.
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

/** Whether a key has more characters than Kinesis takes; most are too short to be counted. */
function isTooLong(key: string): boolean {
  return key.length > MAX_KEY_CHARACTERS && [...key].length > MAX_KEY_CHARACTERS;
}
