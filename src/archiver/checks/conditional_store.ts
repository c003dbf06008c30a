import { getLogger } from "@logtape/logtape";
import { EMPTY_ARCHIVE } from "../../codec/mod.ts";
import { ObjectStoreError } from "../../base/errors.ts";
import type { ObjectContent, ObjectStore, PutOptions } from "../../objects/object_store.ts";
import { retryService, type RetryServiceOptions } from "../../base/retry.ts";

const log = getLogger(["triton", "archiver"]);

/** This object stays in the bucket. It shows whether conditional writes are honoured. */
export const PROBE_KEY = "triton-conditional-write-probe";

/**
 * Finds out whether a store honours conditional writes.
 *
 * @param put Puts the probe.
 * @returns False if the store writes over what is there, or knows no conditions.
 */
export async function honoursConditions(
  put: (options: PutOptions) => Promise<"created" | "exists">,
): Promise<boolean> {
  const options = { ifAbsent: true };
  try {
    return await put(options) === "exists" || await put(options) === "exists";
  } catch (error) {
    if (!(error instanceof ObjectStoreError) || error.code !== "NotImplemented") throw error;
    await put({});
    return false;
  }
}

/**
 * An object store that was asked whether it honours `If-None-Match: *`, without which two workers
 * could overwrite each other's files.
 *
 * A store that does not is looked into before each put. That is the best that can be done then, and
 * leaves a moment in which two writers miss each other.
 */
export class ConditionalStore implements ObjectStore {
  /** The URL the store was opened by. */
  readonly url: string;
  /** Identity of the store. */
  readonly identity: string;
  /** Lists objects. */
  readonly list: ObjectStore["list"];
  /** Lists folders. */
  readonly folders: ObjectStore["folders"];
  /** Asks about one object. */
  readonly head: ObjectStore["head"];
  /** Gets an object or a part of one. */
  readonly get: ObjectStore["get"];
  readonly #store: ObjectStore;
  #conditional = true;

  constructor(store: ObjectStore) {
    this.#store = store;
    this.url = store.url;
    this.identity = store.identity;
    this.list = store.list.bind(store);
    this.folders = store.folders.bind(store);
    this.head = store.head.bind(store);
    this.get = store.get.bind(store);
  }

  /** Finds out whether the store honours conditional writes, and warns if it does not. */
  async probe(retries: RetryServiceOptions): Promise<void> {
    const put = (options: PutOptions) =>
      retryService(
        "object store",
        retries,
        () => this.#store.put(PROBE_KEY, EMPTY_ARCHIVE, options),
      );
    if (await honoursConditions(put)) return;
    this.#conditional = false;
    log.warn(
      "{url} ignores If-None-Match: an archive can be overwritten, and records archived twice or " +
        "lost, when two workers run at once or one is taken for dead while its upload is under way",
      { event: "bucket.unconditional", url: this.url },
    );
  }

  /** Writes an object as a whole; with `ifAbsent` only if the key is free. */
  async put(key: string, body: ObjectContent, options?: PutOptions): Promise<"created" | "exists"> {
    if (this.#conditional || options?.ifAbsent !== true) {
      return await this.#store.put(key, body, options);
    }
    if (await this.head(key, options) !== undefined) return "exists";
    return await this.#store.put(key, body, { ...options, ifAbsent: false });
  }
}
