/**
 * Errors of PostgreSQL and its driver as errors of checkpoints.
 *
 * @module
 */

import { CONNECTION_CODES } from "../connection_codes.ts";
import { CheckpointError } from "../errors.ts";

/**
 * Server errors after which the same statement may succeed
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection exceptions,
 * a standby that takes no writes, rollbacks for concurrency, lack of resources, cancelled statements,
 * shutdown and start-up, a lock that was not free.
 */
const RETRYABLE_STATE = /^(08...|25006|40...|53...|55P03|57014|57P0[1-35])$/;

/** Failures on the way to the server, by the names that the driver and the system give them. */
const RETRYABLE_CODES: ReadonlySet<string> = new Set([
  ...CONNECTION_CODES,
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "ENOENT", // a server that is down has no socket file
  "Timeout",
]);

/** Plain words where the driver gives little but its name for the failure. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  CONNECT_TIMEOUT: "the server does not take the connection",
  CONNECTION_CLOSED: "the connection was lost",
  CONNECTION_DESTROYED: "the connection was given up",
  CONNECTION_ENDED: "the database was closed by this program",
  "25006": "the server takes no writes: it is a standby, or was the primary before a failover",
};

/**
 * Makes a checkpoint error of what the driver threw.
 *
 * @param what What could not be done.
 * @param cause What was thrown.
 */
export function postgresError(what: string, cause: unknown): CheckpointError {
  const first = cause instanceof AggregateError ? cause.errors[0] : cause;
  const { message, name } = (first ?? {}) as Record<string, unknown>;
  const code = codeOf((first ?? {}) as Record<string, unknown>);
  const known = typeof code === "string" && code !== "";
  const why = known && Object.hasOwn(PLAIN_WORDS, code) ? PLAIN_WORDS[code] : message || code;
  return new CheckpointError(`${what}: ${why || String(first)}`, {
    code: known ? code === "CONNECTION_ENDED" ? "Closed" : code : String(name ?? "Error"),
    retryable: known && (RETRYABLE_CODES.has(code) || RETRYABLE_STATE.test(code)),
    cause,
  });
}

/**
 * A standby refuses READ WRITE as a setting that it does not support, in the server's language: where
 * that is said tells it from all else that is not supported.
 */
function codeOf({ code, routine }: Record<string, unknown>): unknown {
  return code === "0A000" && routine === "call_bool_check_hook" ? "25006" : code;
}
