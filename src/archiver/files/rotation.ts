/** Why a file was closed. */
export type CloseReason = "time" | "size" | "shard end" | "handover" | "shutdown" | "failure";

/** All reasons, none left out. */
export const CLOSE_REASONS: readonly CloseReason[] = Object.keys(
  { time: 0, size: 0, "shard end": 0, handover: 0, shutdown: 0, failure: 0 } satisfies Record<
    CloseReason,
    0
  >,
) as CloseReason[];

/**
 * Calculates how long a file that is open now stays open.
 *
 * @param now In milliseconds since the Unix epoch.
 * @param rotateMs Length of the interval; files are closed at its multiples.
 * @returns Time until the next multiple, in milliseconds: more than zero.
 */
export function untilRotation(now: number, rotateMs: number): number {
  return rotateMs - now % rotateMs;
}
