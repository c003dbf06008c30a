import { stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { ObjectStoreError } from "../../base/errors.ts";
import { directoryError, isMissing } from "./directory_error.ts";
import { readFileRange } from "./directory_read.ts";
import { foldersIn, isTemporary, walkFiles } from "./directory_walk.ts";
import { writeFileWhole } from "./directory_write.ts";
import { checkKey } from "../keys.ts";
import { partsOf } from "../object_body.ts";
import type {
  FoldersOptions,
  GetOptions,
  HeadOptions,
  ListOptions,
  ObjectBody,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from "../object_store.ts";

/**
 * An object store whose objects are the files below a directory.
 *
 * - A put is on disk when it returns: the file and its name are synced. A reader sees all of an
 *   object or nothing. Of several conditional puts of one key exactly one succeeds, also between
 *   processes (by a hard link, which the file system must support).
 * - A put creates the directories that it needs, the root included.
 * - Metadata is not kept: a file has no place for it.
 * - A key cannot be both a file and a directory: with `a` there can be no `a/b`.
 * - Listing follows links to files, not links to directories.
 *
 * @example Usage
 * ```ts
 * import { DirectoryObjectStore } from "@triton/triton/archive";
 * import { equal } from "node:assert/strict";
 * const store = new DirectoryObjectStore(await Deno.makeTempDir());
 * equal(await store.put("20150710/a", new Uint8Array(3), { ifAbsent: true }), "created");
 * equal(await store.put("20150710/a", new Uint8Array(4), { ifAbsent: true }), "exists");
 * for await (const { key, size } of store.list("2015")) equal(`${key} ${size}`, "20150710/a 3");
 * ```
 */
export class DirectoryObjectStore implements ObjectStore {
  /** The directory as a `file:` URL. */
  readonly url: string;
  /** The same: the URL has the absolute path. */
  readonly identity: string;
  readonly #root: string;

  /**
   * Creates a store. Nothing is read or written yet.
   *
   * @param directory Path of the directory.
   */
  constructor(directory: string) {
    this.#root = resolve(directory);
    this.url = pathToFileURL(this.#root).href;
    this.identity = this.url;
  }

  /** Lists the files whose key begins with `prefix`, in the order of their keys' UTF-8 bytes. */
  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    yield* this.#listing(walkFiles(this.#root, prefix, options), options);
  }

  /** Lists the directories directly below a folder, empty ones included. */
  async *folders(prefix: string, options: FoldersOptions = {}): AsyncGenerator<string> {
    yield* this.#listing(foldersIn(this.#root, prefix, options), options);
  }

  async *#listing<T>(entries: AsyncGenerator<T>, { signal }: HeadOptions): AsyncGenerator<T> {
    try {
      yield* entries;
    } catch (error) {
      signal?.throwIfAborted();
      throw directoryError(`Cannot list ${this.url}`, error, { ENOENT: "NoSuchBucket" });
    }
  }

  /** Gets the description of an object; undefined if it does not exist. */
  async head(key: string, options: HeadOptions = {}): Promise<ObjectInfo | undefined> {
    options.signal?.throwIfAborted();
    const path = this.#pathOf(key);
    try {
      const file = await stat(path);
      if (file.isFile()) return { key, size: file.size, modifiedAt: file.mtime };
    } catch (error) {
      if (!isMissing(error)) throw directoryError(`Cannot look at ${path}`, error);
      await this.#checkRoot(`Cannot look at ${path}`);
    }
    return undefined;
  }

  /** Gets an object or a part of one, as a stream. */
  async get(key: string, options: GetOptions = {}): Promise<ObjectBody> {
    options.signal?.throwIfAborted();
    const path = this.#pathOf(key);
    try {
      return await readFileRange(path, options);
    } catch (error) {
      if (isMissing(error)) await this.#checkRoot(`Cannot get ${path}`);
      const codes = { ENOENT: "NoSuchKey", ENOTDIR: "NoSuchKey", EISDIR: "NoSuchKey" };
      throw directoryError(`Cannot get ${path}`, error, codes);
    }
  }

  /** Writes an object atomically; `metadata` is not kept. */
  async put(
    key: string,
    body: ObjectContent,
    options: PutOptions = {},
  ): Promise<"created" | "exists"> {
    options.signal?.throwIfAborted();
    const path = this.#pathOf(key);
    try {
      return await writeFileWhole(path, partsOf(body), {
        ifAbsent: options.ifAbsent ?? false,
      });
    } catch (error) {
      throw directoryError(`Cannot put ${path}`, error);
    }
  }

  #pathOf(key: string): string {
    checkKey(key);
    const parts = key.split("/");
    if (parts.some((part) => isTemporary(part) || (sep !== "/" && part.includes(sep)))) {
      throw new TypeError(`Cannot use ${JSON.stringify(key)} as a key: no file can have that name`);
    }
    return join(this.#root, ...parts);
  }

  /** Distinguishes a missing root directory from a missing file. */
  async #checkRoot(what: string): Promise<void> {
    const root = await stat(this.#root).catch(() => undefined);
    if (root?.isDirectory()) return;
    throw new ObjectStoreError(`${what}: ${this.#root} is not a directory`, {
      code: "NoSuchBucket",
    });
  }
}
