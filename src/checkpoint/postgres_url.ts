/**
 * Addresses of PostgreSQL databases.
 *
 * They are taken apart here, because the driver cannot parse the ones that name a socket's
 * directory, and names the whole address, password included, in its complaint.
 *
 * @module
 */

/** Where a database is, and who asks. What is undefined is left to the `PG*` variables. */
export interface PostgresAddress {
  /** Host names or addresses, or one directory with the server's socket. */
  readonly hosts: readonly string[];
  /** Ports, one for each host; none where the address names none. */
  readonly ports: readonly number[];
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The other parameters (`sslmode`, `application_name`, ...), as a query string without `?`. */
  readonly parameters: string;
  /** The address for people: without password and parameters. */
  readonly description: string;
}

/**
 * After the host an unescaped `@` is refused: it most likely ends a password with a `/` or `?` in
 * it, which would then be taken for a database, and shown.
 */
const PATTERN = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/;

/**
 * Parses `postgres://user:password@host:port/database?parameters`.
 *
 * Each part may be missing. There may be several hosts with commas between them; a host may be the
 * directory of a socket, `%2F` for `/`, or stand in the parameter `host`, as in libpq's addresses
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
 *
 * @returns The parts; undefined if it is no such address.
 */
export function parsePostgresUrl(url: string): PostgresAddress | undefined {
  const match = PATTERN.exec(url);
  if (match === null) return undefined;
  try {
    return toAddress(match);
  } catch (error) {
    // A `%` that begins no escape. The error itself may hold what must not be shown.
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function toAddress([, login = "", authority = "", path = "", query = ""]: string[]):
  | PostgresAddress
  | undefined {
  const parameters = new URLSearchParams(query);
  const take = (name: string): string | undefined => {
    const value = parameters.get(name) ?? undefined;
    parameters.delete(name);
    return value || undefined;
  };
  const colon = login.indexOf(":");
  const user = take("user") ?? decode(colon < 0 ? login : login.slice(0, colon));
  const password = take("password") ?? decode(colon < 0 ? "" : login.slice(colon + 1));
  const database = take("dbname") ?? decode(path);
  const places = [take("host") ?? authority].flatMap((text) => text.split(",")).map(parseHost);
  const port = take("port");
  if (places.includes(undefined)) return undefined;
  const named = places.filter((place) => place !== undefined).filter(({ host }) => host !== "");
  const ports = port === undefined ? named.map((place) => place.port) : port.split(",").map(Number);
  if (ports.some((number) => number !== undefined && !isPort(number))) return undefined;
  return {
    hosts: named.map(({ host }) => host),
    ports: ports.every((number) => number === undefined)
      ? []
      : ports.map((number) => number ?? 5432),
    database,
    user,
    password,
    parameters: parameters.toString(),
    description: describe({ user, authority, database }),
  };
}

/** `host`, `host:5432`, `[::1]:5432` or an escaped directory. */
function parseHost(text: string): { host: string; port: number | undefined } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*))(?::(\d*))?$/.exec(text);
  if (match === null) return undefined;
  const host = match[1] ?? decodeURIComponent(match[2] ?? "");
  return { host, port: match[3] ? Number(match[3]) : undefined };
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number > 0 && number < 65_536;
}

function decode(text: string): string | undefined {
  return decodeURIComponent(text) || undefined;
}

function describe(
  parts: { user: string | undefined; authority: string; database: string | undefined },
): string {
  const user = parts.user === undefined ? "" : `${encodeURIComponent(parts.user)}@`;
  const database = parts.database === undefined ? "" : `/${encodeURIComponent(parts.database)}`;
  return `postgres://${user}${parts.authority}${database}`;
}
