import { TritonError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { markerKey } from "./output_keys.ts";

/** What says that an archive is done whose rows are in several partitions. */
export interface ExportMarker {
  /** Key of the archive. */
  readonly input: string;
  /** Its SHA-256, in hexadecimal. */
  readonly sha256: string;
  /** Number of rows in all outputs. */
  readonly rows: number;
  /** Keys of the outputs. */
  readonly outputs: readonly string[];
}

/** Reads the marker of an archive; undefined if it is not done. */
export async function readMarker(
  store: ObjectStore,
  entry: ArchiveEntry,
): Promise<ExportMarker | undefined> {
  const key = markerKey(entry);
  if (await store.head(key) === undefined) return undefined;
  const text = new TextDecoder().decode(await (await store.get(key)).bytes());
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TritonError(`Cannot read "${key}" of ${store.url}: it is not JSON`, { cause });
  }
}

/** Puts the marker of an archive; returns false if it is already there, of the same input. */
export async function putMarker(
  store: ObjectStore,
  entry: ArchiveEntry,
  marker: ExportMarker,
): Promise<boolean> {
  const body = new TextEncoder().encode(`${JSON.stringify(marker)}\n`);
  const key = markerKey(entry);
  if (await store.put(key, body, { ifAbsent: true }) === "created") return true;
  if ((await readMarker(store, entry))?.sha256 === marker.sha256) return false;
  await store.put(key, body);
  return true;
}
