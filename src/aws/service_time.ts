/**
 * The time of the services.
 *
 * @module
 */

/**
 * Reads the time that an answer carries in its `Date`, to the second.
 *
 * @param headers The headers of the answer, names in lower case.
 * @returns The time; undefined if the answer has none.
 */
export function readServiceTime(headers: Readonly<Record<string, string>>): Date | undefined {
  const time = new Date(headers["date"] ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}
