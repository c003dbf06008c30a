import { invalidAddress, parsePostgresUrl, type PostgresAddress } from "./postgres/url.ts";

/** What a URL names. */
export type DatabaseAddress =
  | { readonly type: "memory" }
  | { readonly type: "sqlite"; readonly path: string }
  | { readonly type: "postgres"; readonly postgres: PostgresAddress };

/**
 * Parses the URL of a database.
 *
 * @throws {CheckpointError} With code `InvalidUrl`.
 */
export function parseDatabaseUrl(url: string): DatabaseAddress {
  const scheme = /^[a-z]+(?=:)/i.exec(url)?.[0].toLowerCase();
  if (scheme === "memory" && url.length === "memory:".length) return { type: "memory" };
  if (scheme === "sqlite") return { type: "sqlite", path: sqlitePath(url) };
  if (scheme === "postgres" || scheme === "postgresql") {
    return { type: "postgres", postgres: parsePostgresUrl(url) };
  }
  throw invalidAddress(schemeHelp(scheme));
}

function schemeHelp(scheme: string | undefined): string {
  if (scheme === undefined) return "it has no scheme; a SQLite file is named by sqlite://path";
  return scheme === "memory"
    ? 'nothing may follow "memory:"'
    : `it begins with "${scheme}:", not with "sqlite:", "postgres:" or "memory:"`;
}

/** The unescaped path in a URL, in a form that SQLite reads only as a path. */
function sqlitePath(url: string): string {
  const path = url.slice("sqlite:".length).replace(/^\/\//, "");
  if (path === "") throw invalidAddress("it names no file; write sqlite://path");
  if (/[?#]/.test(path)) {
    throw invalidAddress(
      "a SQLite file has no parameters; where the path has a ? or #, write %3F or %23",
    );
  }
  const file = unescapePath(path);
  return file === ":memory:" || file.startsWith("/") ? file : `./${file}`;
}

/** Decodes escapes; a `%` that begins no escape stays as it is. */
function unescapePath(path: string): string {
  return path.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      return escapes; // not UTF-8
    }
  });
}
