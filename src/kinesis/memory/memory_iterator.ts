/**
 * Iterators of the in-memory Kinesis: all they know is in their text.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../base/record.ts";

/** What an iterator stands for. */
export interface MemoryIterator {
  /** The stream's name. */
  readonly stream: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** When it was handed out, in milliseconds since the Unix epoch. */
  readonly issuedAt: number;
  /** Reading goes on at the first record with a higher number. */
  readonly after: SequenceNumber;
}

/** Writes an iterator as opaque text. */
export function writeIterator(iterator: MemoryIterator): string {
  const { stream, shardId, issuedAt, after } = iterator;
  return btoa([stream, shardId, issuedAt, after].join("/"));
}

/** Reads an iterator back; undefined if the text is none. */
export function parseIterator(text: string): MemoryIterator | undefined {
  if (!/^[A-Za-z0-9+/]+=*$/.test(text) || text.length % 4 !== 0) return undefined;
  const [stream, shardId, issuedAt, after, ...rest] = atob(text).split("/");
  if (after === undefined || rest.length > 0) return undefined;
  return {
    stream: stream!,
    shardId: shardId as ShardId,
    issuedAt: Number(issuedAt),
    after: after as SequenceNumber,
  };
}
