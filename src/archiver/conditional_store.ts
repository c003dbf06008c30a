import { getLogger } from "@logtape/logtape";
import { EMPTY_ARCHIVE } from "../codec/mod.ts";
import type { ObjectContent, ObjectStore, PutOptions } from "../objects/object_store.ts";
import { type Patience, persist } from "./services.ts";

const log = getLogger(["triton", "archiver"]);

/** An object of this name stays in the bucket: it tells whether conditional writes are honoured. */
export const PROBE_KEY = "triton-conditional-write-probe";

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
  /** Lists objects. */
  readonly list: ObjectStore["list"];
  /** Asks about one object. */
  readonly head: ObjectStore["head"];
  /** Gets an object or a part of one. */
  readonly get: ObjectStore["get"];
  readonly #store: ObjectStore;
  #conditional = true;

  constructor(store: ObjectStore) {
    this.#store = store;
    this.url = store.url;
    this.list = store.list.bind(store);
    this.head = store.head.bind(store);
    this.get = store.get.bind(store);
  }

  /** Finds out whether the store honours conditional writes, and warns if it does not. */
  async probe(patience: Patience): Promise<void> {
    const put = () =>
      persist("object store", patience, () => {
        return this.#store.put(PROBE_KEY, EMPTY_ARCHIVE, { ifAbsent: true });
      });
    if (await put() === "exists" || await put() === "exists") return;
    this.#conditional = false;
    log.warn(
      "{url} ignores If-None-Match: an archive can be overwritten, and records archived twice or " +
        "lost, when two workers run at once or one is taken for dead while its upload is under way",
      { event: "bucket.unconditional", url: this.url },
    );
  }

  /** Writes an object as a whole; with `ifAbsent` only if the key is free. */
  async put(key: string, body: ObjectContent, options?: PutOptions): Promise<"created" | "exists"> {
    const look = !this.#conditional && options?.ifAbsent === true;
    if (look && await this.head(key, options) !== undefined) return "exists";
    return await this.#store.put(key, body, options);
  }
}
