import { retry, type RetryingOptions } from "../../base/retry.ts";
import type { ObjectContent, ObjectStore } from "../../objects/object_store.ts";
import { retryingStore } from "../retrying_store.ts";
import { INPUT_HASH, readInputHash } from "./input_hash.ts";

/** Attempts in a row of a request to the target. */
const MAX_ATTEMPTS = 8;

/** The place that tables are exported to. */
export interface ExportTarget {
  /** The store; its requests are retried, puts included: each of them may be repeated. */
  readonly store: ObjectStore;
  /**
   * Puts an output if it does not exist yet. One of another input, from before the input was changed,
   * is replaced.
   *
   * @param beforeReplacing Called before that; if it throws, nothing is replaced.
   * @returns Whether it was put; false if there was one of the same input.
   */
  putOutput: PutOutput;
  /**
   * Puts an output with earlier rows of an archive, also over one of the same input: the archive may
   * change while it is read, which is known only at its end.
   */
  putPiece: PutOutput;
}

/** Puts an output; with what is to be done before another one is replaced. */
type PutOutput = (
  key: string,
  body: ObjectContent,
  hash: string,
  beforeReplacing: () => Promise<void>,
) => Promise<boolean>;

/** Makes the target of an export. */
export function exportTarget(target: ObjectStore, options: RetryingOptions): ExportTarget {
  const retrying = { maxAttempts: MAX_ATTEMPTS, ...options };
  const request = { service: "object store" };
  const store: ObjectStore = {
    ...retryingStore(target, retrying),
    put: (key, body, putOptions) =>
      retry(() => target.put(key, body, putOptions), {
        ...retrying,
        request,
        log: ["triton", "export"],
      }),
  };
  const putter =
    (isKept: (key: string, hash: string) => Promise<boolean>): PutOutput =>
    async (key, body, hash, beforeReplacing) => {
      const metadata = { [INPUT_HASH]: hash };
      const { signal } = options;
      const outcome = await store.put(key, body, { ifAbsent: true, metadata, signal });
      if (outcome === "created") return true;
      if (await isKept(key, hash)) return false;
      await beforeReplacing();
      await store.put(key, body, { metadata, signal });
      return true;
    };
  return {
    store,
    putOutput: putter(async (key, hash) => await readInputHash(store, key) === hash),
    putPiece: putter(() => Promise.resolve(false)),
  };
}
