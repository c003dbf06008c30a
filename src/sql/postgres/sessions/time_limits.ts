/**
 * Time limits of PostgreSQL for the rest of a transaction.
 *
 * @module
 */

/** The longest that a setting can hold, in milliseconds: 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * The expression that sets a time-out locally, unless the operator's is shorter. Zero is none.
 *
 * @param setting A setting that every server has.
 * @param ms The longest time, in milliseconds.
 */
export function atMost(setting: string, ms: number): string {
  const limit = `${Math.min(Math.max(1, Math.ceil(ms)), LONGEST_MS)}ms`;
  const current = `pg_catalog.current_setting('${setting}')`;
  const isShorter = ["> interval '0'", `< interval '${limit}'`]
    .map((bound) =>
      `CAST(${current} AS interval) OPERATOR(pg_catalog.${bound[0]})${bound.slice(1)}`
    );
  return `pg_catalog.set_config('${setting}', CASE WHEN ${isShorter.join(" AND ")} THEN ${current}
    ELSE '${limit}' END, true)`;
}

/** The same for a setting that only newer servers have; elsewhere it does nothing. */
export function atMostIfKnown(setting: string, ms: number): string {
  return `CASE WHEN pg_catalog.current_setting('${setting}', true) IS NOT NULL
    THEN ${atMost(setting, ms)} END`;
}
