import type { PutEntry } from "./kinesis_api.ts";

/** Maximum number of records of one PutRecords. */
export const MAX_PUT_ENTRIES = 500;
/** Maximum number of bytes of one PutRecords, keys included, unless a single record may be larger. */
export const MAX_PUT_BYTES = 5 * 1024 * 1024;
/** Maximum number of bytes of a record and its key, unless the stream allows more. */
export const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024;

const MAX_KEY_LENGTH = 256;

/** Counts the size of a record as Kinesis does: its payload and its key. */
export function entryBytes(entry: PutEntry): number {
  return entry.data.length + utf8Length(entry.partitionKey);
}

/**
 * Checks whether Kinesis would accept a record.
 *
 * @param maxRecordBytes Maximum number of bytes that the stream allows.
 * @returns The fault; undefined if there is none.
 */
export function faultOfEntry(entry: PutEntry, maxRecordBytes: number): string | undefined {
  const { length } = entry.partitionKey;
  const keyLength = length > MAX_KEY_LENGTH ? [...entry.partitionKey].length : length;
  if (keyLength === 0) return "its partition key is empty";
  if (keyLength > MAX_KEY_LENGTH) {
    return `its partition key has ${keyLength} characters, more than ${MAX_KEY_LENGTH}`;
  }
  const bytes = entryBytes(entry);
  return bytes > maxRecordBytes
    ? `it has ${bytes} bytes with its key ${quote(entry.partitionKey)}, more than ${maxRecordBytes}`
    : undefined;
}

/** A key in quotes, truncated if it is long. */
function quote(key: string): string {
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 40)}...` : key);
}

/** Counts UTF-8 bytes without encoding; an unpaired surrogate counts as U+FFFD. */
function utf8Length(text: string): number {
  let bytes = 0;
  while (bytes < text.length && text.charCodeAt(bytes) < 0x80) bytes++;
  if (bytes === text.length) return bytes;
  for (const character of text.slice(bytes)) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}
