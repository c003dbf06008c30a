import { ServiceError } from "../../base/errors.ts";
import { postgresError } from "../../sql/postgres/error.ts";
import { sqliteError } from "../../sql/sqlite/error.ts";

/** A statement that was cancelled, as by `statement_timeout`: the record may be the reason. */
const CANCELLED = "57014";

/**
 * Whether a transaction failed for a reason that may pass, such as a lost connection, a conflict, or a
 * lack of resources: no record is to blame.
 *
 * A conflict (40001) within a savepoint is one of the whole transaction: it must start again.
 *
 * @param error What a handler or the database threw: of npm:postgres, node-postgres or SQLite, also
 * inside the `cause` of another error, as ORMs pass it on.
 */
export function isPassing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ServiceError) {
      if (cause.retryable) return cause.code !== CANCELLED;
      continue;
    }
    if (isMissingFile(cause as { readonly code?: unknown })) continue;
    const { code, retryable } = postgresError("", cause);
    if ((retryable && code !== CANCELLED) || sqliteError("", cause).retryable) return true;
  }
  return false;
}

/** Whether an error is about a file that is not there, and not the socket of a server that has stopped. */
function isMissingFile({ code, syscall }: { readonly code?: unknown; readonly syscall?: unknown }) {
  return code === "ENOENT" && syscall !== "connect";
}
