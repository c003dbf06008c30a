/**
 * Asking a service until it answers.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { type Clock, systemClock } from "../base/clock.ts";
import { ServiceError } from "../base/errors.ts";
import { retry } from "../base/retry.ts";

/** One failed request that is going to be repeated. */
export interface RetryEvent {
  /** Whom it was asked of. */
  readonly service: "kinesis" | "checkpoint";
  /** What was asked, such as `"GetRecords"` or `"SaveCheckpoint"`. */
  readonly operation: string;
  /** The stream it was asked of. */
  readonly stream: string;
  /** The shard it was asked of, if it was one. */
  readonly shardId?: string;
  /** Why it failed. */
  readonly error: unknown;
  /** How often it has failed in a row. */
  readonly attempt: number;
  /** The pause before the next try, in milliseconds. */
  readonly delayMs: number;
}

/** Options of everything that asks again. */
export interface RetryingOptions {
  /** Where time and chance come from: the machine unless given. */
  readonly clock?: Clock | undefined;
  /** Ends the asking. */
  readonly signal?: AbortSignal | undefined;
  /** How often to ask in all: without end unless given. */
  readonly maxAttempts?: number | undefined;
  /** Told of each failure that is followed by another try. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
}

/** Names what is asked. */
export type RetriedRequest = Pick<RetryEvent, "service" | "operation" | "stream" | "shardId">;

/**
 * Repeats a request for as long as its failures are such that pass: throttling, 5xx, lost
 * connections, answers that cannot be read. Each failure is logged as a warning and told to
 * `onRetry`.
 *
 * @param request What is asked.
 * @param operation Asks it once.
 * @param options Clock, signal and who is told.
 * @returns The answer.
 * @throws What the request failed with for good, or the signal's reason, at once.
 */
export function askUntilAnswered<T>(
  request: RetriedRequest,
  operation: () => Promise<T>,
  options: RetryingOptions,
): Promise<T> {
  const { clock = systemClock, signal, maxAttempts } = options;
  return retry(() => untilAborted(operation(), signal), {
    clock,
    signal,
    maxAttempts,
    onRetry: (error, attempt, delayMs) =>
      reportRetry(request, { error, attempt, delayMs }, options),
  });
}

/** Logs a failure that will be retried, and calls `onRetry`. */
export function reportRetry(
  request: RetriedRequest,
  failure: Pick<RetryEvent, "error" | "attempt" | "delayMs">,
  { onRetry }: RetryingOptions,
): void {
  const { error, attempt, delayMs } = failure;
  getLogger(["triton", request.service]).warn(
    "{reason}; asking again in {delayMs} ms",
    {
      event: "request.retried",
      service: request.service,
      operation: request.operation,
      stream: request.stream,
      shardId: request.shardId,
      attempt,
      delayMs,
      code: error instanceof ServiceError ? error.code : undefined,
      reason: error instanceof Error ? error.message : String(error),
    },
  );
  onRetry?.({ ...request, ...failure });
}

/**
 * Waits for a promise, but not past an abort: a service that does not heed its signal must not keep
 * a reader from stopping.
 */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
