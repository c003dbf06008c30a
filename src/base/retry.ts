import { getLogger, type Logger } from "@logtape/logtape";
import { type Clock, systemClock } from "./clock.ts";
import { ServiceError } from "./errors.ts";

/** A failed attempt that will be retried. */
export interface RetryEvent {
  /** The service, such as `"kinesis"`, `"checkpoint"` or `"object store"`. */
  readonly service: string;
  /** The operation, such as `"GetRecords"` or `"SaveCheckpoint"`; undefined for an object store. */
  readonly operation?: string | undefined;
  /** The stream, if the request is about one. */
  readonly stream?: string | undefined;
  /** The shard, if the request is about one. */
  readonly shardId?: string | undefined;
  /** Why the attempt failed. */
  readonly error: unknown;
  /** How many attempts in a row have failed. */
  readonly attempt: number;
  /** The pause before the next attempt, in milliseconds. */
  readonly delayMs: number;
}

/** What is retried. */
export type RetriedRequest = Pick<RetryEvent, "service" | "operation" | "stream" | "shardId">;

/** Options of everything that retries. */
export interface RetryingOptions {
  /** Source of time and random numbers. Default: the machine. */
  readonly clock?: Clock | undefined;
  /** Stops retrying: the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Maximum number of attempts. Default: no limit. */
  readonly maxAttempts?: number | undefined;
  /** Called after each failed attempt that will be retried. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
}

/** Options for {@linkcode retry}. */
export interface RetryOptions extends RetryingOptions {
  /** What is retried: each retry is then logged as a warning, and `onRetry` called. Default: neither. */
  readonly request?: RetriedRequest | undefined;
  /** Category of the log. Default: `["triton", request.service]`. */
  readonly log?: readonly [string, ...string[]] | undefined;
  /** First pause, in milliseconds. Default: 200. */
  readonly firstDelayMs?: number | undefined;
  /** Longest pause, in milliseconds. Default: 30,000. */
  readonly maxDelayMs?: number | undefined;
  /**
   * Whether to reject as soon as the signal is aborted, even if the operation ignores the signal.
   * Default: false, for operations that must be known to have ended.
   */
  readonly leavesOnAbort?: boolean | undefined;
}

/**
 * Runs an operation until it succeeds or fails permanently, with a longer pause after each failure.
 *
 * A {@linkcode ServiceError} says whether it may be retried; no other error is. A pause is a random
 * part, between one half and all, of a limit that doubles each time.
 *
 * @param operation Makes one attempt.
 * @param options What is retried, limits and pauses.
 * @returns The result of the operation.
 * @throws The permanent error, the last error after `maxAttempts`, or the signal's reason.
 */
export async function retry<T>(operation: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { signal, leavesOnAbort = false } = options;
  const retries = new Retries(options);
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await (leavesOnAbort ? untilAborted(operation(), signal) : operation());
    } catch (error) {
      await retries.pause(error);
    }
  }
}

/**
 * Retries a request that may be left unfinished: the call rejects as soon as the signal is aborted,
 * even if the service ignores the signal.
 *
 * @param request What is retried, for the log and `onRetry`.
 * @param operation Makes one attempt.
 * @param options Clock, signal, limit and callback.
 * @returns The response.
 * @throws As {@linkcode retry} does.
 */
export function retryRequest<T>(
  request: RetriedRequest,
  operation: () => Promise<T>,
  options: RetryingOptions,
): Promise<T> {
  return retry(operation, { ...options, request, leavesOnAbort: true });
}

/** A service that a worker uses. */
export type ServiceName = "Kinesis" | "object store" | "ledger";

/** Receives what becomes of a worker's requests. */
export interface RequestMonitor {
  /** A request is about to be made. */
  asked(service: ServiceName): void;
  /** A request was answered. */
  answered(service: ServiceName, request?: object): void;
  /** An attempt failed, and will be retried. */
  retried(service: ServiceName, error: unknown, request?: object): void;
  /** Nobody waits for the answer to a request any more. */
  gaveUp(service: ServiceName, request: object): void;
}

/** Options for {@linkcode retryService}. */
export interface RetryServiceOptions extends Pick<RetryOptions, "signal" | "maxDelayMs"> {
  readonly clock: Clock;
  /** The stream that the requests are about, for the log. */
  readonly stream?: string | undefined;
  /** Receives answers and failures. */
  readonly monitor?: RequestMonitor | undefined;
  /** How retries are logged. Default: as those of an archiver. */
  readonly logged?: WorkerLog | undefined;
}

/** How a worker and its retries are logged. */
export interface WorkerLog {
  /** Category of the log. */
  readonly category: readonly [string, ...string[]];
  /** What the table of leases is called. */
  readonly ledger: string;
}

/** The log of archivers, which other workers do not use. */
const ARCHIVER_LOG = ["triton", "archiver"] as const;

/** The log of a worker. */
export function workerLog({ logged }: Pick<RetryServiceOptions, "logged">): Logger {
  return getLogger(logged?.category ?? ARCHIVER_LOG);
}

/**
 * Retries a request of a worker until it succeeds or fails permanently; each retry is logged.
 *
 * @param service The service, as the log names it.
 * @param options Clock, limits and monitor.
 * @param request Makes one attempt.
 * @returns The response.
 * @throws The permanent error, or the signal's reason.
 */
export async function retryService<T>(
  service: ServiceName,
  { clock, signal, maxDelayMs, monitor, logged, stream }: RetryServiceOptions,
  request: () => Promise<T>,
): Promise<T> {
  const asked = {};
  monitor?.asked(service);
  try {
    const answer = await retry(request, {
      clock,
      signal,
      maxDelayMs,
      request: { service: service === "ledger" ? logged?.ledger ?? service : service, stream },
      log: logged?.category ?? ARCHIVER_LOG,
      onRetry: ({ error }) => monitor?.retried(service, error, asked),
    });
    monitor?.answered(service, asked);
    return answer;
  } finally {
    monitor?.gaveUp(service, asked);
  }
}

/** Counts failed attempts in a row, and pauses after each. */
export class Retries {
  readonly #options: RetryOptions;
  readonly #clock: Clock;
  #failed = 0;

  /** Creates a count of no failures. */
  constructor(options: RetryOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Resets the count: an attempt made progress. */
  reset(): void {
    this.#failed = 0;
  }

  /** Waits before the next attempt; throws `error` if there is none. */
  async pause(error: unknown): Promise<void> {
    const { signal, maxAttempts = Infinity } = this.#options;
    const attempt = ++this.#failed;
    const isRetryable = error instanceof ServiceError && error.retryable;
    if (attempt >= maxAttempts || !isRetryable) throw error;
    signal?.throwIfAborted();
    const delayMs = retryDelayMs(attempt, { ...this.#options, clock: this.#clock });
    const { request } = this.#options;
    if (request !== undefined) reportRetry(request, { error, attempt, delayMs }, this.#options);
    await this.#clock.sleep(delayMs, signal);
  }
}

/**
 * Calculates the pause after a failed attempt.
 *
 * @param attempt How many attempts in a row have failed.
 * @param options The clock, and limits of the pause.
 * @returns The pause in milliseconds.
 */
export function retryDelayMs(
  attempt: number,
  options: Pick<RetryOptions, "firstDelayMs" | "maxDelayMs"> & { readonly clock: Clock },
): number {
  const { clock, firstDelayMs = 200, maxDelayMs = 30_000 } = options;
  const limit = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(limit * (0.5 + clock.random() / 2));
}

/** Logs a failed attempt that will be retried, and calls `onRetry`. */
export function reportRetry(
  request: RetriedRequest,
  { error, attempt, delayMs }: Pick<RetryEvent, "error" | "attempt" | "delayMs">,
  { log, onRetry }: Pick<RetryOptions, "log" | "onRetry">,
): void {
  getLogger(log ?? ["triton", request.service]).warn(
    "{service} failed, retrying in {delayMs} ms: {reason}",
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
  onRetry?.({ ...request, error, attempt, delayMs });
}

/** Waits for a promise, but not past an abort. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
