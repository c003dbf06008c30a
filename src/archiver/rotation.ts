/** Why a file was closed. */
export type CloseReason = "time" | "size" | "shard end" | "handover" | "shutdown" | "failure";

/**
 * Tells how long a file that is open now stays open.
 *
 * @param now In milliseconds since the Unix epoch.
 * @param rotateMs Length of the interval; files are closed at its multiples.
 * @returns Time until the next multiple, in milliseconds: more than zero.
 */
export function untilRotation(now: number, rotateMs: number): number {
  return rotateMs - now % rotateMs;
}
