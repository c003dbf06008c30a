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
}

/** Compares archives of one day: by the time of their creation, then by key. */
export function compareEntries(a: ArchiveEntry, b: ArchiveEntry): number {
  return a.createdAt - b.createdAt || compareKeys(a.key, b.key);
}

/** The archive that an object is; undefined if its key is not that of one. */
export function parseEntry({ key, size, modifiedAt }: ObjectInfo): ArchiveEntry | undefined {
  try {
    return { ...parseArchiveKey(key), size, modifiedAt };
  } catch (error) {
    if (error instanceof ArchiveFormatError) return undefined;
    throw error;
  }
}
