import { CheckpointError } from "../../base/errors.ts";

/** A kind of failure: SQLite's number, name and message for it, and what to do. */
interface Kind {
  readonly number: number;
  readonly code: string;
  readonly words: RegExp;
  readonly retryable?: boolean;
  readonly help?: string;
}

/** From https://sqlite.org/rescode.html; `words` match the messages of `sqlite3_errstr`. */
const KINDS: readonly Kind[] = [
  {
    number: 5,
    code: "SQLITE_BUSY",
    words: /database is locked|database is busy|locking protocol/,
    retryable: true,
    help: "another process is writing to it",
  },
  { number: 6, code: "SQLITE_LOCKED", words: /table is locked|is locked:/, retryable: true },
  {
    number: 8,
    code: "SQLITE_READONLY",
    words: /readonly database/,
    help: "make the file and its directory writable for this user",
  },
  { number: 10, code: "SQLITE_IOERR", words: /disk I\/O error/ },
  { number: 11, code: "SQLITE_CORRUPT", words: /malformed/ },
  {
    number: 13,
    code: "SQLITE_FULL",
    words: /disk is full/,
    retryable: true, // space may become free
    help: "make room on the disk",
  },
  {
    number: 14,
    code: "SQLITE_CANTOPEN",
    words: /unable to open/,
    help: "its directory must exist, and both be readable and writable for this user",
  },
  {
    number: 26,
    code: "SQLITE_NOTADB",
    words: /not a database/,
    help: "name another file, or remove this one",
  },
  { number: 21, code: "Closed", words: /not open|closed/ },
];

/**
 * Wraps an error of a SQLite driver.
 *
 * Node has SQLite's number as `errcode`, `@db/sqlite` as `code`, Deno only the message.
 */
export function sqliteError(what: string, cause: unknown): CheckpointError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const { errcode, code, name } = (cause ?? {}) as Record<string, unknown>;
  const number = [errcode, code].find((value) => typeof value === "number");
  const kind = KINDS.find((kind) =>
    number === undefined ? kind.words.test(message) : kind.number === (Number(number) & 0xff)
  );
  const help = kind?.help === undefined ? "" : ` (${kind.help})`;
  return new CheckpointError(`${what}: ${message}${help}`, {
    code: kind?.code ?? (typeof name === "string" && name !== "Error" ? name : "SQLITE_ERROR"),
    retryable: kind?.retryable,
    cause,
  });
}
