/**
 * Addresses of PostgreSQL databases.
 *
 * `pg-connection-string` does not serve: it knows one host, passes unknown parameters on, takes
 * nothing from the environment, and reads `sslrootcert=system` as the name of a file. The driver
 * cannot parse an address that names a socket's directory, and shows the password in its complaint.
 *
 * @module
 */

import { CheckpointError } from "../../base/errors.ts";
import { checkParameters, type PostgresParameters } from "./parameters.ts";

/** Where a database is, and how to connect to it. */
export interface PostgresAddress {
  /** Everything that the address says, by libpq's names; hosts and ports with commas between. */
  readonly parameters: PostgresParameters;
  /** The address for people: without password and parameters. */
  readonly description: string;
}

/**
 * After the host an unescaped `@` is refused: it most likely ends a password with a `/` or `?` in
 * it, which would then be taken for a database, and shown.
 */
const PATTERN = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/;

const HELP =
  "write postgres://user:password@host:5432/database, with other characters escaped (%40 for @)";

/**
 * Parses `postgres://user:password@host:port/database?parameters`.
 *
 * Each part may be missing. There may be several hosts with commas between them; a host may be the
 * directory of a socket, `%2F` for `/`, or stand in the parameter `host`, as in libpq's addresses
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
 *
 * @throws {CheckpointError} With code `InvalidUrl`: it is no such address, or has a parameter that
 * is unknown, refused or wrong. No message holds a password.
 */
export function parsePostgresUrl(url: string): PostgresAddress {
  const match = PATTERN.exec(url);
  if (match === null) throw invalidAddress(HELP);
  try {
    return toAddress(match);
  } catch (error) {
    // A URIError: `%` that begins no escape. The error itself may hold what must not be shown.
    if (error instanceof URIError) throw invalidAddress(HELP);
    throw error instanceof RangeError ? invalidAddress(error.message) : error;
  }
}

/** The error of an address that cannot be used. */
export function invalidAddress(why: string): CheckpointError {
  return new CheckpointError(`Cannot open the checkpoint database: ${why}`, {
    code: "InvalidUrl",
    retryable: false,
  });
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

/** `name=value`, in which a `+` is a plus and not a space, as in libpq. */
function parsePair(pair: string): [string, string] {
  const [name = "", ...value] = pair.split("=");
  if (value.length !== 1) throw new RangeError(HELP);
  return [decodeURIComponent(name), decodeURIComponent(value[0]!)];
}

/** The hosts and ports of an authority as the parameters that say the same. */
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
