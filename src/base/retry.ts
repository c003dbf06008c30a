/**
 * Asking again, with growing pauses.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import { ServiceError } from "./errors.ts";

/** How {@linkcode retry} goes about it. */
export interface RetryOptions {
  /** Where time and chance come from. */
  readonly clock: Clock;
  /** Ends the waiting: the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether to ask again after `error`; by default what a {@linkcode ServiceError} says of itself. */
  readonly isRetryable?: (error: unknown) => boolean;
  /** The first pause, in milliseconds: 200 unless given. */
  readonly firstDelayMs?: number;
  /** The longest pause, in milliseconds: 30,000 unless given. */
  readonly maxDelayMs?: number | undefined;
  /** How often to ask in all: without end unless given. */
  readonly maxAttempts?: number | undefined;
  /** Told of each failure that is followed by another try. */
  readonly onRetry?: (error: unknown, attempt: number, delayMs: number) => void;
}

/**
 * Runs an operation until it succeeds or fails for good, pausing longer after each failure.
 *
 * A pause is a random part, from one half up, of a limit that doubles each time.
 *
 * @param operation What to run; it gets the number of the try, from 1.
 * @param options When to give up, and how long to pause.
 * @returns What the operation returned.
 * @throws What the operation failed with for good, or the signal's reason.
 */
export async function retry<T>(
  operation: (attempt: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  const { clock, signal, maxAttempts = Infinity } = options;
  const isRetryable = options.isRetryable ?? isRetryableByDefault;
  for (let attempt = 1;; attempt++) {
    signal?.throwIfAborted();
    try {
      return await operation(attempt);
    } catch (error) {
      if (attempt >= maxAttempts || !isRetryable(error)) throw error;
      signal?.throwIfAborted();
      const delayMs = retryDelayMs(attempt, options);
      options.onRetry?.(error, attempt, delayMs);
      await clock.sleep(delayMs, signal);
    }
  }
}

/**
 * The pause after a failure.
 *
 * @param attempt How many attempts have failed in a row.
 * @param options The clock, and limits of the pause.
 * @returns The pause in milliseconds.
 */
export function retryDelayMs(
  attempt: number,
  options: Pick<RetryOptions, "clock" | "firstDelayMs" | "maxDelayMs">,
): number {
  const { clock, firstDelayMs = 200, maxDelayMs = 30_000 } = options;
  const limit = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(limit * (0.5 + clock.random() / 2));
}

function isRetryableByDefault(error: unknown): boolean {
  return error instanceof ServiceError && error.retryable;
}
