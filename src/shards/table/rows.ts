/**
 * Rows of the lease table as values, and back.
 *
 * @module
 */

import { CheckpointError } from "../../base/errors.ts";
import type { StartPosition } from "../../base/record.ts";
import type { Gap } from "./lease_table.ts";

/** The object or list in a column of JSON, which only Triton writes. */
export function parseColumn<T extends object>(column: string, text: string): T {
  let cause: unknown;
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    cause = error;
  }
  throw new CheckpointError(
    `Cannot read column ${column} of the database: ${
      JSON.stringify(text)
    } is not what Triton wrote`,
    { code: "DamagedRow", cause },
  );
}

/** The text of a start position. */
export function fromStart(start: StartPosition): string {
  return JSON.stringify(start); // a Date becomes RFC 3339 in UTC, to the millisecond
}

/** A start position by its text. */
export function toStart(text: string): StartPosition {
  const start = parseColumn<StartPosition>("start_at", text);
  return start.type === "at-timestamp"
    ? { type: start.type, timestamp: new Date(start.timestamp) }
    : start;
}

/** Compares two texts by their UTF-16 code units, as all lists of the table are ordered. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares gaps by time, shard, place and reason, so that their order is always the same. */
export function compareGaps(a: Gap, b: Gap): number {
  return a.recordedAt.getTime() - b.recordedAt.getTime() ||
    compareText(a.shardId, b.shardId) ||
    compareText(a.after ?? "", b.after ?? "") ||
    compareText(a.reason, b.reason);
}

/** The error of a name that the database does not have. */
export function unknownError(what: string): CheckpointError {
  return new CheckpointError(`Cannot find ${what} in the ledger`, { code: "Unknown" });
}

/** Whether the database does not know what was written to it: it was set back, to a backup or by a failover. */
export function isForgotten(error: unknown): boolean {
  return error instanceof CheckpointError && error.code === "Unknown";
}
