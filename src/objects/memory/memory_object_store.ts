import { ObjectStoreError } from "../../base/errors.ts";
import { resolveRange } from "../byte_range.ts";
import { checkKey, compareKeys, isBefore } from "../keys.ts";
import { joinChunks, partsOf, StreamedBody } from "../object_body.ts";
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

/** One request to a {@linkcode MemoryObjectStore}, as passed to `intercept`. */
export interface ObjectRequest {
  /** The operation; `list` once per page, of objects or of folders. */
  readonly operation: "list" | "head" | "get" | "put";
  /** The object's key; for `list` the prefix. */
  readonly key: string;
}

/** Options for {@linkcode MemoryObjectStore}. */
export interface MemoryObjectStoreOptions {
  /** The time that objects get, in milliseconds since the Unix epoch. Default: 0. */
  readonly now?: () => number;
  /** Identifies the store. Default: `memory:` and a random name. */
  readonly identity?: string;
  /** How many objects a page of a listing has. Default: 1,000. */
  readonly pageSize?: number;
  /** Maximum number of bytes of a chunk. Default: 65,536. */
  readonly chunkSize?: number;
  /**
   * Wraps every request: it may fail or wait before `proceed()`, which executes the request, or after
   * it (a lost response), change the response, or not call `proceed` at all.
   */
  readonly intercept?: <T>(request: ObjectRequest, proceed: () => Promise<T>) => Promise<T>;
}

interface StoredObject {
  readonly body: Uint8Array;
  readonly info: ObjectInfo;
}

/**
 * An object store in memory that can be made to fail, for tests.
 *
 * Each request takes effect atomically, as with S3: of several conditional puts of one key, exactly one
 * succeeds.
 *
 * @example A store whose first response is lost
 * ```ts
 * import { MemoryObjectStore, ObjectStoreError } from "@triton/triton/archive";
 * import { equal, rejects } from "node:assert/strict";
 * let failures = 1;
 * const store = new MemoryObjectStore({
 *   async intercept(_request, proceed) {
 *     const response = await proceed();
 *     if (failures-- <= 0) return response;
 *     throw new ObjectStoreError("Cannot put a: reset", { code: "ECONNRESET", retryable: true });
 *   },
 * });
 * await rejects(store.put("a", new Uint8Array(3)), ObjectStoreError);
 * equal((await store.head("a"))?.size, 3);
 * ```
 */
export class MemoryObjectStore implements ObjectStore {
  /** Always `memory:`. */
  readonly url = "memory:";
  /** Unique to this store: a store in memory cannot be opened again. */
  readonly identity: string;
  readonly #options: MemoryObjectStoreOptions;
  readonly #objects = new Map<string, StoredObject>();
  #keysInOrder: readonly string[] | undefined;

  /**
   * Creates an empty store.
   *
   * @param options Clock, page size and `intercept`.
   */
  constructor(options: MemoryObjectStoreOptions = {}) {
    this.#options = options;
    this.identity = options.identity ?? `memory:${crypto.randomUUID()}`;
  }

  /** Lists the objects whose key begins with `prefix`, page by page. */
  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const { pageSize = 1000 } = this.#options;
    let after = options.startAfter;
    for (;;) {
      options.signal?.throwIfAborted();
      const start = after;
      const page = await this.#request("list", prefix, options.signal, () => {
        return this.#page(prefix, start, pageSize);
      });
      yield* page;
      if (page.length < pageSize) return;
      after = page.at(-1)!.key;
    }
  }

  /** Lists the folders directly below a folder, page by page. */
  async *folders(prefix: string, options: FoldersOptions = {}): AsyncGenerator<string> {
    const { pageSize = 1000 } = this.#options;
    const folders = this.#keys().filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(0, key.indexOf("/", prefix.length) + 1))
      .filter((folder, i, all) => folder !== "" && folder !== all[i - 1])
      .filter((folder) => !isBefore(folder, options.from));
    for (let at = 0;; at += pageSize) {
      options.signal?.throwIfAborted();
      const start = at;
      const page = await this.#request("list", prefix, options.signal, () => {
        return folders.slice(start, start + pageSize);
      });
      yield* page;
      if (page.length < pageSize) return;
    }
  }

  /** Gets the description of an object, with metadata; undefined if it does not exist. */
  async head(key: string, options: HeadOptions = {}): Promise<ObjectInfo | undefined> {
    return await this.#request("head", key, options.signal, () => this.#objects.get(key)?.info);
  }

  /** Gets an object or a part of one, as it is at this moment. */
  async get(key: string, options: GetOptions = {}): Promise<ObjectBody> {
    return await this.#request("get", key, options.signal, () => {
      const object = this.#objects.get(key);
      if (object === undefined) {
        throw new ObjectStoreError(`Cannot get ${this.url}${key}: no such object`, {
          code: "NoSuchKey",
        });
      }
      const { start, end } = resolveRange(options.range, object.body.length);
      const chunks = this.#chunks(object.body.subarray(start, end), options.signal);
      return new StreamedBody(chunks, object.body.length);
    });
  }

  /** Writes an object atomically. */
  async put(
    key: string,
    body: ObjectContent,
    options: PutOptions = {},
  ): Promise<"created" | "exists"> {
    checkKey(key);
    // A copy, made now: the caller may change the content after the put.
    const stored = joinChunks(partsOf(body)).slice();
    return await this.#request("put", key, options.signal, () => {
      if (options.ifAbsent && this.#objects.has(key)) return "exists";
      this.#keysInOrder = undefined;
      const modifiedAt = new Date(this.#options.now?.() ?? 0);
      const metadata = { ...options.metadata };
      const info = { key, size: stored.length, modifiedAt, metadata };
      this.#objects.set(key, { body: stored, info });
      return "created";
    });
  }

  async #request<T>(
    operation: ObjectRequest["operation"],
    key: string,
    signal: AbortSignal | undefined,
    run: () => T,
  ): Promise<T> {
    signal?.throwIfAborted();
    // deno-lint-ignore require-await -- what `run` throws is to reject
    const proceed = async (): Promise<T> => run();
    const { intercept } = this.#options;
    return await (intercept === undefined ? proceed() : intercept({ operation, key }, proceed));
  }

  #keys(): readonly string[] {
    return this.#keysInOrder ??= [...this.#objects.keys()].sort(compareKeys);
  }

  #page(prefix: string, after: string | undefined, pageSize: number): ObjectInfo[] {
    const page: ObjectInfo[] = [];
    for (const key of this.#keys()) {
      if (!key.startsWith(prefix) || (after !== undefined && compareKeys(key, after) <= 0)) {
        continue;
      }
      if (page.length === pageSize) break;
      const { size, modifiedAt } = this.#objects.get(key)!.info;
      page.push({ key, size, modifiedAt });
    }
    return page;
  }

  async *#chunks(body: Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const { chunkSize = 65_536 } = this.#options;
    for (let at = 0; at < body.length; at += chunkSize) {
      signal?.throwIfAborted();
      // A copy: the caller may keep or change it.
      yield await Promise.resolve(body.slice(at, at + chunkSize));
    }
  }
}
