/** Why a file was closed. */
export type CloseReason = "time" | "size" | "shard end" | "handover" | "shutdown" | "failure";

/** All reasons, none left out. */
export const CLOSE_REASONS: readonly CloseReason[] = Object.keys(
  { time: 0, size: 0, "shard end": 0, handover: 0, shutdown: 0, failure: 0 } satisfies Record<
    CloseReason,
    0
  >,
) as CloseReason[];

/** Files of several streams are closed within this time, in milliseconds, not all at once. */
const SPREAD_MS = 60_000;

/**
 * Calculates how long after each multiple of the interval the files of a stream are closed, if a process
 * archives several streams: less than a minute, and less than the interval.
 *
 * @param stream Name of the stream.
 * @param rotateMs Length of the interval.
 * @returns The same time for the same stream, in milliseconds.
 */
export function rotationOffset(stream: string, rotateMs: number): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (let at = 0; at < stream.length; at++) {
    hash = Math.imul(hash ^ stream.charCodeAt(at), 0x01000193) >>> 0;
  }
  return hash % Math.min(SPREAD_MS, rotateMs);
}

/**
 * Calculates how long a file that is open now stays open.
 *
 * @param now In milliseconds since the Unix epoch.
 * @param rotateMs Length of the interval; files are closed at its multiples.
 * @param offsetMs How long after the multiples: less than the interval.
 * @returns Time until then, in milliseconds: more than zero.
 */
export function untilRotation(now: number, rotateMs: number, offsetMs = 0): number {
  return rotateMs - (now + rotateMs - offsetMs) % rotateMs;
}
