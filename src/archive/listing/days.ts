import { DAY_MS } from "../../base/clock.ts";
import { archiveDay } from "../../codec/tri/archive_key.ts";

/** A day in UTC: a moment of it, or its date as `"YYYY-MM-DD"` or `"YYYYMMDD"`. */
export type ArchiveDate = Date | string;

/** A range of days, each as `YYYYMMDD`, both included. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/**
 * Converts a date to a day.
 *
 * @param date A moment, or a date as text.
 * @returns The day in UTC as `YYYYMMDD`.
 * @throws {RangeError} If there is no such day, or the text is no date.
 */
export function parseDay(date: ArchiveDate): string {
  if (date instanceof Date) return archiveDay(date);
  const [, year, month, day] = /^(\d{4})(?:-(\d\d)-|(?=\d{4}$)(\d\d))(\d\d)$/.exec(date)
    ?.filter((part) => part !== undefined) ?? [];
  const text = `${year}${month}${day}`;
  const start = year === undefined || Number(year) < 1970 ? NaN : startOfDay(text);
  // Date.parse takes the 30th of February for the 1st or 2nd of March.
  if (!Number.isNaN(start) && archiveDay(start / 1000) === text) return text;
  throw new RangeError(
    `Cannot use ${
      JSON.stringify(date)
    } as a day: give a Date, "YYYY-MM-DD" or "YYYYMMDD", from 1970 to 9999`,
  );
}

/**
 * Counts from one day to another, both included.
 *
 * @param from The first day, as `YYYYMMDD`.
 * @param to The last day, as `YYYYMMDD`.
 * @returns Each day as `YYYYMMDD`, in order.
 */
export function* daysBetween(from: string, to: string): Generator<string> {
  const end = startOfDay(to);
  for (let at = startOfDay(from); at <= end; at += DAY_MS) yield archiveDay(at / 1000);
}

/** How many days a range has; no number is large enough for one that is not of the calendar. */
export function countDays({ from, to }: DayRange): number {
  const days = (startOfDay(to) - startOfDay(from)) / DAY_MS + 1;
  return Number.isNaN(days) ? Infinity : days;
}

/** When a day begins, in milliseconds since the Unix epoch; NaN if there is no such day. */
export function startOfDay(day: string): number {
  return Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00.000Z`);
}
