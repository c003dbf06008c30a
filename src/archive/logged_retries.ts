import { getLogger } from "@logtape/logtape";
import { systemClock } from "../base/clock.ts";
import { ServiceError } from "../base/errors.ts";
import type { RetryOptions } from "../base/retry.ts";

const log = getLogger(["triton", "archive"]);

/**
 * How requests to the store of an archive are repeated: eight times unless told otherwise, each with
 * a line in the log.
 */
export function loggedRetries(
  { clock = systemClock, maxAttempts = 8, signal, onRetry }: Partial<RetryOptions>,
): RetryOptions {
  return {
    clock,
    maxAttempts,
    signal,
    onRetry(error, attempt, delayMs) {
      const reason = error instanceof Error ? error.message : String(error);
      log.warn("{reason}; asking again in {delayMs} ms", {
        event: "request.retried",
        service: "object store",
        attempt,
        delayMs,
        code: error instanceof ServiceError ? error.code : undefined,
        reason,
      });
      onRetry?.(error, attempt, delayMs);
    },
  };
}
