import { getLogger } from "@logtape/logtape";
import type { ArchiveLedger } from "../checkpoint/archive_ledger.ts";
import type { Clock } from "../clock.ts";
import { ServiceError } from "../errors.ts";
import type { KinesisApi } from "../kinesis/kinesis_api.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { retry } from "../retry.ts";

const log = getLogger(["triton", "archiver"]);

/** What the archiver works with. */
export interface Services {
  /** Where records come from. */
  readonly kinesis: KinesisApi;
  /** Where archives go. */
  readonly store: ObjectStore;
  /** Who archives what, shared with other workers. */
  readonly ledger: ArchiveLedger;
  /** Time and chance. */
  readonly clock: Clock;
}

/** How long somebody keeps asking. */
export interface Patience {
  /** Time and chance. */
  readonly clock: Clock;
  /** Ends the asking; without it nothing does but an answer. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Repeats a request to a service for as long as its failures are such that pass, and logs each.
 *
 * @param service What is asked, as the log names it.
 * @param patience How long to ask.
 * @param request Asks once.
 * @returns The answer.
 * @throws What the request failed with for good, or the signal's reason.
 */
export function persist<T>(
  service: string,
  { clock, signal }: Patience,
  request: () => Promise<T>,
): Promise<T> {
  return retry(request, {
    clock,
    signal,
    onRetry(error, attempt, delayMs) {
      log.warn("{service} failed, asking again in {delayMs} ms: {reason}", {
        service,
        attempt,
        delayMs,
        code: error instanceof ServiceError ? error.code : undefined,
        reason: error instanceof Error ? error.message : String(error),
      });
    },
  });
}

/**
 * A random name: 128 bits in hexadecimal digits.
 *
 * @param clock Where chance comes from.
 */
export function randomName(clock: Clock): string {
  const word = () => Math.floor(clock.random() * 2 ** 32).toString(16).padStart(8, "0");
  return word() + word() + word() + word();
}
