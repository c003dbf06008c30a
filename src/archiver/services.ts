import type { ArchiveLedger } from "../ledger/archive_ledger.ts";
import type { Clock } from "../base/clock.ts";
import { CheckpointError } from "../base/errors.ts";
import type { KinesisApi } from "../kinesis/kinesis_api.ts";
import type { ServiceTime } from "../kinesis/mod.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { retry } from "../base/retry.ts";
import type { ArchiverMonitor } from "./archiver_monitor.ts";
import type { ServiceName } from "./archiver_status.ts";

/** What an archiver needs. */
export interface ArchiverServices {
  /** Where records come from. */
  readonly kinesis: KinesisApi;
  /** Where archives go. */
  readonly store: ObjectStore;
  /** Who archives what, shared with other workers. */
  readonly ledger: ArchiveLedger;
  /** Time and chance. */
  readonly clock: Clock;
}

/** What the archiver works with. */
export interface Services extends ArchiverServices {
  /** The time by Kinesis' clock: what is said of records is measured by it. */
  readonly time: ServiceTime;
  /** Told of what happens. */
  readonly monitor: ArchiverMonitor;
}

/** How long somebody keeps asking. */
export interface Patience {
  /** Time and chance. */
  readonly clock: Clock;
  /** Ends the asking; without it nothing does but an answer. */
  readonly signal?: AbortSignal | undefined;
  /** The longest pause before asking again, in milliseconds: 30,000 unless given. */
  readonly maxDelayMs?: number | undefined;
  /** Told of answers and failures. */
  readonly monitor?: ArchiverMonitor | undefined;
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
export async function persist<T>(
  service: ServiceName,
  { clock, signal, maxDelayMs, monitor }: Patience,
  request: () => Promise<T>,
): Promise<T> {
  const asked = {};
  monitor?.asked(service);
  try {
    const answer = await retry(request, {
      clock,
      signal,
      maxDelayMs,
      request: { service },
      log: ["triton", "archiver"],
      onRetry: ({ error }) => monitor?.retried(service, error, asked),
    });
    monitor?.answered(service, asked);
    return answer;
  } finally {
    monitor?.gaveUp(service, asked);
  }
}

/** Whether the database does not know what it was told: it was set back, to a backup or by a failover. */
export function isForgotten(error: unknown): boolean {
  return error instanceof CheckpointError && error.code === "Unknown";
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
