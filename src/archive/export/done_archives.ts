import { ObjectStoreError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { readMarker } from "./export_marker.ts";
import { readInputHash } from "./input_hash.ts";
import { dayOf, markerKey, outputKey, pieceKey } from "./output_keys.ts";
import type { TableFormat } from "./table_writer.ts";

/** Knows which archives are done, by listing the target one day at a time. */
export class DoneArchives {
  readonly #store: ObjectStore;
  readonly #format: TableFormat;
  readonly #isPartitioned: boolean;
  #day = "";
  #keys: ReadonlySet<string> = new Set();

  constructor(store: ObjectStore, format: TableFormat, isPartitioned: boolean) {
    this.#store = store;
    this.#format = format;
    this.#isPartitioned = isPartitioned;
  }

  /** Lists again: other exporters may have gone on. */
  forget(): void {
    this.#day = "";
  }

  /** Whether an archive is done, as of the last listing of its day. */
  async has(entry: ArchiveEntry): Promise<boolean> {
    await this.#list(dayOf(entry));
    return this.#keys.has(this.#lastKey(entry));
  }

  /** The object that is put last. */
  #lastKey(entry: ArchiveEntry): string {
    return this.#isPartitioned ? markerKey(entry) : outputKey(entry, dayOf(entry), this.#format);
  }

  /** Keys of outputs that an earlier export of an archive has put. */
  async outputsOf(entry: ArchiveEntry): Promise<readonly string[]> {
    const isDone = await this.has(entry);
    if (this.#isPartitioned) {
      return isDone ? (await readMarker(this.#store, entry))?.outputs ?? [] : [];
    }
    const prefix = `${this.#lastKey(entry).slice(0, -this.#format.length)}part`;
    const pieceLike = (key: string) =>
      pieceKey(entry, dayOf(entry), this.#format, Number.parseInt(key.slice(prefix.length)));
    return [...this.#keys].filter((key) => key.startsWith(prefix) && key === pieceLike(key));
  }

  /** The SHA-256 of the archive as it was when it was exported; undefined if that is not known. */
  async hashOf(entry: ArchiveEntry): Promise<string | undefined> {
    return this.#isPartitioned
      ? (await readMarker(this.#store, entry))?.sha256
      : await readInputHash(this.#store, this.#lastKey(entry));
  }

  async #list(day: string): Promise<void> {
    if (this.#day === day) return;
    const prefix = this.#isPartitioned ? "_triton/done/" : "";
    const keys = new Set<string>();
    try {
      for await (const { key } of this.#store.list(`${prefix}dt=${day}/`)) keys.add(key);
    } catch (error) {
      // A directory that no export has made yet.
      const isNew = error instanceof ObjectStoreError && error.code === "NoSuchBucket" &&
        this.#store.url.startsWith("file:");
      if (!isNew) throw error;
    }
    this.#keys = keys;
    this.#day = day;
  }
}
