/** One object of a listing. */
export interface ObjectInfo {
  /** The object's key, without bucket and prefix. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
  /** When the object was last written. */
  readonly modifiedAt: Date;
  /** Storage class in S3, such as `"GLACIER"`, if it is not `"STANDARD"`. */
  readonly storageClass?: string;
  /** Metadata that was put with the object; only from `head`, and only if the store keeps it. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A part of an object: from an offset on, or its last bytes. */
export type ByteRange =
  | { readonly offset: number; readonly length?: number }
  | { readonly suffix: number };

/** The bytes of an object, or of a part of it. */
export interface ObjectBody extends AsyncIterable<Uint8Array> {
  /** Size of the whole object in bytes, also if only a part was requested. */
  readonly size: number;
  /** Reads the rest into one array. */
  bytes(): Promise<Uint8Array>;
  /**
   * Frees the memory of a chunk, for readers of much data: V8 would let tens of MB pile up before it
   * collects garbage. The chunk has no bytes afterwards. Not every store has this method.
   */
  release?(chunk: Uint8Array): void;
}

/** Options of {@linkcode ObjectStore.head}. */
export interface HeadOptions {
  /** Cancels the request. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode ObjectStore.list}. */
export interface ListOptions extends HeadOptions {
  /** Lists only keys that come after this one. */
  readonly startAfter?: string;
}

/** Options of {@linkcode ObjectStore.folders}. */
export interface FoldersOptions extends HeadOptions {
  /** Lists only this folder and those after it, such as `"20150101/"`. Default: all. */
  readonly from?: string | undefined;
}

/** Options of {@linkcode ObjectStore.get}. */
export interface GetOptions {
  /** Cancels the request, also while the body is read. */
  readonly signal?: AbortSignal | undefined;
  /** The part to get; a range may extend past the end. Default: all of the object. */
  readonly range?: ByteRange;
}

/**
 * The content of an object: bytes, or parts that follow each other, so that a large object need not
 * be joined first. They must not change until the put is over.
 */
export type ObjectContent = Uint8Array | readonly Uint8Array[];

/** Options of {@linkcode ObjectStore.put}. */
export interface PutOptions {
  /** Cancels the request; it is then unknown whether the object was written. */
  readonly signal?: AbortSignal | undefined;
  /** Writes only if no object has this key yet (S3's `If-None-Match: *`). */
  readonly ifAbsent?: boolean;
  /** Names and values kept with the object, if the store can (S3's `x-amz-meta-`). */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The part of an object store that Triton uses.
 *
 * Each method is one request (`list` and `folders` one per page), without retries. A refusal or a lost
 * connection is an `ObjectStoreError` whose `code` is the store's name for it and whose `retryable`
 * says whether it may be retried. A missing object has the code `NoSuchKey`, a missing bucket or
 * directory `NoSuchBucket`.
 */
export interface ObjectStore {
  /** The URL that the store was opened with, such as `s3://bucket/prefix`, without credentials. */
  readonly url: string;
  /**
   * Identifies the store, the same in each process that opens it: the normalised URL, and the
   * endpoint if it is not AWS's. A database saves it as the place of an archive.
   */
  readonly identity: string;
  /** Lists the objects whose key begins with `prefix`, in the order of their keys' UTF-8 bytes. */
  list(prefix: string, options?: ListOptions): AsyncGenerator<ObjectInfo>;
  /**
   * Lists the folders directly below a folder, in the order of their keys' UTF-8 bytes: the starts of
   * keys, up to the first slash after `prefix`. The objects in them are not listed, so a page is 1,000
   * folders. A store may list an empty folder.
   *
   * @param prefix The folder: empty, or ends with a slash.
   * @param options Where to start.
   * @returns Each folder's whole key, slash included, such as `"20150710/"`.
   */
  folders(prefix: string, options?: FoldersOptions): AsyncGenerator<string>;
  /** Gets the description of an object; undefined if it does not exist. */
  head(key: string, options?: HeadOptions): Promise<ObjectInfo | undefined>;
  /** Gets an object or a part of one, as a stream that never ends early without an error. */
  get(key: string, options?: GetOptions): Promise<ObjectBody>;
  /**
   * Writes an object atomically: a reader sees all of it or nothing.
   *
   * Keys have no empty part between slashes, no part `.` or `..`, no NUL, and at most 1,024 bytes:
   * every store throws a `TypeError` for others.
   *
   * @returns `"exists"` if `ifAbsent` is set and the key exists, else `"created"`.
   */
  put(key: string, body: ObjectContent, options?: PutOptions): Promise<"created" | "exists">;
}
