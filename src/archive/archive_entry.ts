import { type ArchiveKey, parseArchiveKey } from "../codec/tri/archive_key.ts";
import { ArchiveFormatError } from "../base/errors.ts";
import { compareKeys } from "../objects/keys.ts";
import type { ObjectInfo } from "../objects/object_store.ts";

/** One archive, as its key and the object store tell of it. */
export interface ArchiveEntry extends ArchiveKey {
  /** Size of the file in bytes. */
  readonly size: number;
  /** When the file was written, by the object store's clock. */
  readonly modifiedAt: Date;
  /** Storage class in S3, such as `"GLACIER"`, if it is not `"STANDARD"`. */
  readonly storageClass?: string;
}

/** The archive of a key, as the object store tells of it. */
export function entryOf(
  key: ArchiveKey,
  { size, modifiedAt, storageClass }: ObjectInfo,
): ArchiveEntry {
  return { ...key, size, modifiedAt, ...storageClass === undefined ? {} : { storageClass } };
}

/** Compares archives of one day: by the time of their creation, then by key. */
export function compareEntries(a: ArchiveEntry, b: ArchiveEntry): number {
  return a.createdAt - b.createdAt || compareKeys(a.key, b.key);
}

/** The archive that an object is; undefined if its key is not that of one. */
export function parseEntry(info: ObjectInfo): ArchiveEntry | undefined {
  try {
    return entryOf(parseArchiveKey(info.key), info);
  } catch (error) {
    if (error instanceof ArchiveFormatError) return undefined;
    throw error;
  }
}
