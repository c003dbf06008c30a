import { CONNECTION_CODES } from "../../base/connection_codes.ts";
import { CheckpointError } from "../../base/errors.ts";

/**
 * Server errors after which the same statement may succeed
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html): connection exceptions,
 * a standby that accepts no writes, a transaction that the server ended because it took too long,
 * rollbacks because of conflicts, lack of resources, cancelled statements, shutdown and start-up, a
 * lock that was not free.
 */
const RETRYABLE_STATE = /^(08...|25006|25P0[34]|40...|53...|55P03|57014|57P0[1-35])$/;

/** Codes of the driver and the system for connections that failed. */
const RETRYABLE_CODES: ReadonlySet<string> = new Set([
  ...CONNECTION_CODES,
  "CONNECT_TIMEOUT",
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "ENOENT", // a stopped server has no socket file
  "Timeout",
  "WRONG_SERVER", // before or during a failover
]);

/** Messages for codes for which the driver has no useful message. */
const PLAIN_WORDS: Readonly<Record<string, string>> = {
  CONNECTION_CLOSED: "the connection was lost",
  CONNECTION_DESTROYED: "the connection was given up",
  CONNECTION_ENDED: "the database was closed by this program",
  "25006":
    "the server takes no writes: it is a standby, or was the primary before a failover (where " +
    "the address names several hosts, add target_session_attrs=read-write)",
};

/** What PgBouncer refuses, always in English and with SQLSTATE 08P01. A retry does not help. */
const PGBOUNCER: readonly (readonly [words: RegExp, help: string])[] = [
  [
    /^transaction blocks not allowed in statement pooling mode/,
    "this is PgBouncer with pool_mode = statement, which allows no transactions: " +
    "set pool_mode = transaction for this database",
  ],
  [
    /^unsupported startup parameter/,
    "this is PgBouncer: leave the parameter out of the address, or name it in PgBouncer's " +
    "ignore_startup_parameters",
  ],
];

/** Wraps an error of the driver; `what` failed. */
export function postgresError(what: string, cause: unknown): CheckpointError {
  const first = cause instanceof AggregateError ? cause.errors[0] : cause;
  const { message, name } = (first ?? {}) as Record<string, unknown>;
  const code = codeOf((first ?? {}) as Record<string, unknown>);
  const known = typeof code === "string" && code !== "";
  const why = known && Object.hasOwn(PLAIN_WORDS, code) ? PLAIN_WORDS[code] : message || code;
  const [, help] = PGBOUNCER.find(([words]) => words.test(String(message))) ?? [];
  return new CheckpointError(`${what}: ${why || String(first)}${help ? ` (${help})` : ""}`, {
    code: known ? code === "CONNECTION_ENDED" ? "Closed" : code : String(name ?? "Error"),
    retryable: known && help === undefined &&
      (RETRYABLE_CODES.has(code) || RETRYABLE_STATE.test(code)),
    cause,
  });
}

/**
 * A standby refuses READ WRITE as an unsupported setting, in the language of the server. Only the
 * routine distinguishes this from other unsupported features.
 */
function codeOf({ code, routine }: Record<string, unknown>): unknown {
  return code === "0A000" && routine === "call_bool_check_hook" ? "25006" : code;
}
