import { ObjectStoreError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { type Generation, newestGenerations, NO_GENERATION, readInputOf } from "./export_log.ts";
import { readInputHash } from "./input_hash.ts";
import { dayOf, logFolder, logPrefix, outputKey } from "./output_keys.ts";
import type { TableFormat } from "./table_writer.ts";

/** Knows which archives are done, by listing the target one day at a time. */
export class DoneArchives {
  readonly #store: ObjectStore;
  readonly #format: TableFormat;
  readonly #isPartitioned: boolean;
  #day = "";
  #outputs: ReadonlySet<string> = new Set();
  #generations: ReadonlyMap<string, Generation> = new Map();

  constructor(store: ObjectStore, format: TableFormat, isPartitioned: boolean) {
    this.#store = store;
    this.#format = format;
    this.#isPartitioned = isPartitioned;
  }

  /** Lists again: other exporters may have gone on. */
  forget(): void {
    this.#day = "";
  }

  /**
   * Whether an archive is done, as of the last listing of its day: it has the output that is put last,
   * and everything that its log has begun was completed.
   */
  async has(entry: ArchiveEntry): Promise<boolean> {
    const { number, isDone } = await this.generationOf(entry);
    if (number > 0 && !isDone) return false;
    return this.#isPartitioned ? isDone : this.#outputs.has(this.#outputKey(entry));
  }

  /** The newest generation of an archive's outputs, as of the last listing of its day. */
  async generationOf(entry: ArchiveEntry): Promise<Generation> {
    await this.#list(dayOf(entry));
    return this.#generations.get(logPrefix(entry)) ?? NO_GENERATION;
  }

  /** The SHA-256 of the archive as it was when it was exported; undefined if that is not known. */
  async hashOf(entry: ArchiveEntry): Promise<string | undefined> {
    const generation = await this.generationOf(entry);
    return generation.number > 0
      ? await readInputOf(this.#store, entry, generation)
      : await readInputHash(this.#store, this.#outputKey(entry));
  }

  #outputKey(entry: ArchiveEntry): string {
    return outputKey(entry, dayOf(entry), this.#format);
  }

  async #list(day: string): Promise<void> {
    if (this.#day === day) return;
    this.#generations = newestGenerations(await this.#keysIn(logFolder(day)));
    this.#outputs = new Set(this.#isPartitioned ? [] : await this.#keysIn(`dt=${day}/`));
    this.#day = day;
  }

  async #keysIn(prefix: string): Promise<readonly string[]> {
    const keys: string[] = [];
    try {
      for await (const { key } of this.#store.list(prefix)) keys.push(key);
    } catch (error) {
      // A directory that no export has made yet.
      const isNew = error instanceof ObjectStoreError && error.code === "NoSuchBucket" &&
        this.#store.url.startsWith("file:");
      if (!isNew) throw error;
    }
    return keys;
  }
}
