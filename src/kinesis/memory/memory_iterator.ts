import type { SequenceNumber, ShardId } from "../../base/record.ts";

/** The data of an iterator. */
export interface MemoryIterator {
  readonly stream: string;
  readonly shardId: ShardId;
  /** When it was created, in milliseconds since the Unix epoch. */
  readonly issuedAt: number;
  /** Reading continues with the first record with a higher number. */
  readonly after: SequenceNumber;
}

/** Writes an iterator as opaque text. */
export function writeIterator(iterator: MemoryIterator): string {
  const { stream, shardId, issuedAt, after } = iterator;
  return btoa([stream, shardId, issuedAt, after].join("/"));
}

/** Parses an iterator; undefined if the text is not an iterator. */
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
