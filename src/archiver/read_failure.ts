import { isAccessCode } from "../kinesis/mod.ts";
import { KinesisError } from "../base/errors.ts";

/** Why a shard cannot be read at the moment. */
export interface ReadFailure {
  /** What Kinesis answered last. */
  readonly error: string;
  /** How many attempts in a row have failed. */
  readonly attempts: number;
}

/** The first pause after a failure, and the longest one, in milliseconds. */
export const FAILURE_PAUSES = { firstDelayMs: 1_000, maxDelayMs: 60_000 } as const;

/**
 * Whether a failure is one of what is read, to be reported and retried, and no reason to stop.
 *
 * A worker that has read something has the right settings. What Kinesis refuses it then may be allowed
 * again: a policy that is being changed, a key that is disabled for a while, a stream that is away.
 * Before, a refusal of the credentials is most likely a mistake, and its user waits for the answer.
 *
 * @param error What reading failed with.
 * @param hasRead Whether the worker has read anything yet.
 */
export function isWorthWaiting(error: unknown, hasRead: boolean): error is KinesisError {
  return error instanceof KinesisError && (hasRead || !isAccessCode(error.code));
}
