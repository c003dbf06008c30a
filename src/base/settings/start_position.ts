import type { StartPosition } from "../record.ts";

/** A position that needs no record: the first, the newest, or a time. */
export type FirstPosition = Exclude<StartPosition, { readonly type: "after" }>;

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?$/i;

/**
 * Reads a start position: `latest`, `trim-horizon`, a day or a time.
 *
 * A day is `YYYY-MM-DD` and stands for its first moment in UTC. A time is RFC 3339 with its zone,
 * as in `2026-09-01T12:00:00Z` or `2026-09-01T14:00:00+02:00`.
 *
 * @example Usage
 * ```ts
 * import { parseStartPosition } from "@triton/triton/kinesis";
 * import { deepEqual } from "node:assert/strict";
 * deepEqual(parseStartPosition("latest", Date.now()), { type: "latest" });
 * deepEqual(parseStartPosition("2015-10-01", Date.now()), {
 *   type: "at-timestamp",
 *   timestamp: new Date(Date.UTC(2015, 9, 1)),
 * });
 * ```
 * @param text What was written.
 * @param now The current time, in milliseconds since the Unix epoch: Kinesis refuses later ones.
 * @returns The position.
 * @throws {RangeError} If the text is none of these, or the time lies in the future.
 */
export function parseStartPosition(
  text: string,
  now: number,
): FirstPosition {
  if (text === "latest" || text === "trim-horizon") return { type: text };
  const refuse = (why: string) => new RangeError(`Cannot start at "${text}": ${why}`);
  const timestamp = parseTime(text);
  if (timestamp === undefined) {
    throw refuse(
      "expected latest, trim-horizon, a day (2026-09-01) or a time with its zone " +
        "(2026-09-01T12:00:00Z)",
    );
  }
  if (timestamp.getTime() < 0) throw refuse("it lies before 1970");
  if (timestamp.getTime() > now) throw refuse("it lies in the future");
  return { type: "at-timestamp", timestamp };
}

function parseTime(text: string): Date | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match.slice(1).map((part) =>
    part === undefined ? undefined : Number(part)
  );
  // Date rolls a 30 February over into March; a day that is not in the calendar is a mistake.
  const calendar = new Date(Date.UTC(year!, month! - 1, day!));
  if (calendar.getUTCMonth() !== month! - 1 || calendar.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const time = new Date(text.toUpperCase());
  return Number.isNaN(time.getTime()) ? undefined : time;
}
