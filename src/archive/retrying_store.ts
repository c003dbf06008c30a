import type { RetryingOptions } from "../base/retry.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { withRetries } from "../objects/with_retries.ts";

/**
 * Makes reading from the store of an archive retry.
 *
 * @param options Limit, clock and signal. Default: 8 attempts in a row.
 */
export function retryingStore(
  store: ObjectStore,
  { clock, signal, maxAttempts = 8, onRetry }: RetryingOptions,
): ObjectStore {
  const request = { service: "object store" };
  const log = ["triton", "archive"] as const;
  return withRetries(store, { clock, signal, maxAttempts, onRetry, request, log });
}
