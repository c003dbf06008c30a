/**
 * Addresses of PostgreSQL databases.
 *
 * `pg-connection-string` is not enough: it knows one host, passes unknown parameters on, ignores the
 * environment, and reads `sslrootcert=system` as the name of a file. The driver cannot parse an
 * address with the directory of a socket, and shows the password in its error.
 *
 * @module
 */

import { CheckpointError } from "../../base/errors.ts";
import { checkParameters, type PostgresParameters } from "./parameters.ts";

/** Where a database is, and how to connect to it. */
export interface PostgresAddress {
  /** Everything in the address, by libpq's names; hosts and ports are separated by commas. */
  readonly parameters: PostgresParameters;
  /** The address for messages: without password and parameters. */
  readonly description: string;
}

/**
 * Refuses an unescaped `@` after the host: it most likely ends a password with a `/` or `?` in it,
 * which would be taken for the database, and shown.
 */
const PATTERN = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/;

const HELP =
  "write postgres://user:password@host:5432/database, with other characters escaped (%40 for @)";

/**
 * Parses `postgres://user:password@host:port/database?parameters`.
 *
 * Each part is optional. Several hosts are separated by commas. A host may be the directory of a
 * socket, with `%2F` for `/`, or be in the parameter `host`, as in libpq's addresses
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
 *
 * @throws {CheckpointError} With code `InvalidUrl` if it is no such address, or a parameter is
 * unknown, refused or invalid. No message contains a password.
 */
export function parsePostgresUrl(url: string): PostgresAddress {
  const match = PATTERN.exec(url);
  if (match === null) throw invalidAddress(HELP);
  try {
    return toAddress(match);
  } catch (error) {
    // A URIError: a `%` that begins no escape. Not the cause, because it may contain a password.
    if (error instanceof URIError) throw invalidAddress(HELP);
    throw error instanceof RangeError ? invalidAddress(error.message) : error;
  }
}

export function invalidAddress(why: string): CheckpointError {
  return new CheckpointError(`Cannot open the checkpoint database: ${why}`, { code: "InvalidUrl" });
}

function toAddress(
  [, login = "", authority = "", path = "", query = ""]: string[],
): PostgresAddress {
  const colon = login.indexOf(":");
  const user = decodeURIComponent(colon < 0 ? login : login.slice(0, colon));
  const password = decodeURIComponent(colon < 0 ? "" : login.slice(colon + 1));
  const dbname = decodeURIComponent(path);
  const places = authority.split(",").map(parseHost);
  const named = { user, password, dbname, ...joinPlaces(places) };
  const parameters = checkParameters([
    ...Object.entries(named).filter(([, value]) => value !== ""),
    ...query.split("&").filter((pair) => pair !== "").map(parsePair),
  ]);
  return {
    parameters,
    description: describe(parameters.user, authority, parameters.dbname),
  };
}

/** `name=value`; a `+` is a plus, not a space, as in libpq. */
function parsePair(pair: string): [string, string] {
  const [name = "", ...value] = pair.split("=");
  if (value.length !== 1) throw new RangeError(HELP);
  return [decodeURIComponent(name), decodeURIComponent(value[0]!)];
}

/** The hosts and ports of an authority as the equivalent parameters. */
function joinPlaces(
  places: readonly { host: string; port: string }[],
): Record<"host" | "port", string> {
  const ports = places.map(({ port }) => port);
  return {
    host: places.map(({ host }) => host).join(","),
    port: ports.every((port) => port === "") ? "" : ports.join(","),
  };
}

/** `host`, `host:5432`, `[::1]:5432` or an escaped directory. */
function parseHost(text: string): { host: string; port: string } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d*))?$/.exec(text);
  if (match === null) throw new RangeError(HELP);
  return { host: match[1] ?? decodeURIComponent(match[2] ?? ""), port: match[3] ?? "" };
}

function describe(
  user: string | undefined,
  authority: string,
  database: string | undefined,
): string {
  const login = user === undefined ? "" : `${encodeURIComponent(user)}@`;
  const path = database === undefined ? "" : `/${encodeURIComponent(database)}`;
  return `postgres://${login}${authority}${path}`;
}
