/**
 * What Triton asks of an object store.
 *
 * @module
 */

/** One object, as a listing tells of it. */
export interface ObjectInfo {
  /** The object's key, without bucket and prefix. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
  /** When the object was last written. */
  readonly modifiedAt: Date;
  /** What was put with the object; only `head` tells, and only where the store keeps it. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A part of an object: from an offset on, or its last bytes. */
export type ByteRange =
  | { readonly offset: number; readonly length?: number }
  | { readonly suffix: number };

/** The bytes of an object, or of a part of it. */
export interface ObjectBody extends AsyncIterable<Uint8Array> {
  /** Size of the whole object in bytes, also where only a part was asked for. */
  readonly size: number;
  /** Reads what is left into one array. */
  bytes(): Promise<Uint8Array>;
  /**
   * Frees a chunk's memory, for those who read much: V8 would let tens of MB pile up before it looks
   * for garbage. The chunk has no bytes afterwards. Not every store has it.
   */
  release?(chunk: Uint8Array): void;
}

/** Options of {@linkcode ObjectStore.list}. */
export interface ListOptions {
  /** Gives the request up. */
  readonly signal?: AbortSignal | undefined;
  /** Lists only keys that come after this one. */
  readonly startAfter?: string;
}

/** Options of {@linkcode ObjectStore.folders}. */
export interface FoldersOptions {
  /** Gives the request up. */
  readonly signal?: AbortSignal | undefined;
  /** Lists only this folder and those after it, such as `"20150101/"`. Default: all. */
  readonly from?: string | undefined;
}

/** Options of {@linkcode ObjectStore.get}. */
export interface GetOptions {
  /** Gives the request up, also while the body is read. */
  readonly signal?: AbortSignal | undefined;
  /** The part to get: all of it unless given. What a range covers past the end is left out. */
  readonly range?: ByteRange;
}

/**
 * What is put: bytes, or parts that make up the object one after the other, so that a large object
 * need not be joined first. They must not change until the put is over.
 */
export type ObjectContent = Uint8Array | readonly Uint8Array[];

/** Options of {@linkcode ObjectStore.put}. */
export interface PutOptions {
  /** Gives the request up; whether the object was written is then unknown. */
  readonly signal?: AbortSignal | undefined;
  /** Writes only if no object has this key yet (S3's `If-None-Match: *`). */
  readonly ifAbsent?: boolean;
  /** Names and values kept with the object where the store can (S3's `x-amz-meta-`). */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * What Triton asks of an object store.
 *
 * Each method is one request (`list` and `folders` one a page), without retries of its own. A refusal or a lost
 * connection is an `ObjectStoreError` whose `code` is the store's name for it and whose `retryable`
 * says whether to ask again. An object that is not there has the code `NoSuchKey`, a bucket or
 * directory that is not there `NoSuchBucket`.
 */
export interface ObjectStore {
  /** The URL the store was opened by, such as `s3://bucket/prefix`, without credentials. */
  readonly url: string;
  /**
   * What tells this store from every other one, the same in each process that opens it: the
   * normalised URL, and the endpoint where that is not AWS's. A database remembers it as the place of
   * an archive.
   */
  readonly identity: string;
  /** Lists the objects whose key begins with `prefix`, in the order of their keys' UTF-8 bytes. */
  list(prefix: string, options?: ListOptions): AsyncGenerator<ObjectInfo>;
  /**
   * Lists the folders directly below a folder, in the order of their keys' UTF-8 bytes: what keys
   * begin with, as far as the first slash after `prefix`. The objects in them are not listed, so a
   * page is 1,000 folders. A store may list a folder that holds nothing.
   *
   * @param prefix The folder to look into: empty, or ends with a slash.
   * @param options Where to begin.
   * @returns Each folder's whole key, slash included, such as `"20150710/"`.
   */
  folders(prefix: string, options?: FoldersOptions): AsyncGenerator<string>;
  /** Asks about one object; undefined if it is not there. */
  head(
    key: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ObjectInfo | undefined>;
  /** Gets an object or a part of one, as a stream that ends early with an error, never silently. */
  get(key: string, options?: GetOptions): Promise<ObjectBody>;
  /**
   * Writes an object as a whole: a reader sees all of it or nothing.
   *
   * Keys have no empty part between slashes, no part `.` or `..`, no NUL, and at most 1,024 bytes:
   * others are a `TypeError`, with every store.
   *
   * @returns `"exists"` if `ifAbsent` was asked for and the key is taken; else `"created"`.
   */
  put(key: string, body: ObjectContent, options?: PutOptions): Promise<"created" | "exists">;
}
