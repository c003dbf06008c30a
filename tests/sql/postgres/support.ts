/**
 * What the tests on a real PostgreSQL have in common.
 *
 * @module
 */

import postgres from "postgres";
import type { Clock } from "../../../src/base/clock.ts";

/** A clock whose pauses last one turn of the event loop. */
export const impatient: Clock = {
  now: () => Date.now(),
  random: () => 0,
  sleep: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

/** Runs statements by other means, and returns the rows of the last one. */
export async function query(
  url: string,
  ...statements: string[]
): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => {} });
  try {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = [...await sql.unsafe(statement)];
    return rows;
  } finally {
    await sql.end();
  }
}
