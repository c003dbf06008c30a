/**
 * The parameters of a PostgreSQL address, as in libpq
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS).
 *
 * @module
 */

import { closest, quotedList } from "../../base/suggest.ts";

interface Parameter {
  /** The environment variable for its default. */
  readonly env?: string;
  readonly values?: readonly string[];
  readonly isNumber?: boolean;
  /** Why Triton refuses it: if it were ignored, the connection would not be as intended. */
  readonly refused?: string;
}

const YES_NO = ["0", "1"];
const TLS_VERSIONS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
const NOT_HERE = "Triton does not support it";

/** All parameters, in libpq's order. They mean what they mean to libpq, unless noted. */
const PARAMETERS: Readonly<Record<string, Parameter>> = {
  service: { env: "PGSERVICE", refused: "Triton reads no service files; write the address itself" },
  servicefile: { refused: "Triton reads no service files; write the address itself" },
  host: { env: "PGHOST" },
  hostaddr: { env: "PGHOSTADDR" },
  port: { env: "PGPORT" },
  dbname: { env: "PGDATABASE" },
  user: { env: "PGUSER" },
  password: { env: "PGPASSWORD" },
  passfile: { env: "PGPASSFILE" },
  require_auth: { env: "PGREQUIREAUTH", refused: NOT_HERE },
  channel_binding: { env: "PGCHANNELBINDING", values: ["disable", "prefer", "require"] },
  connect_timeout: { env: "PGCONNECT_TIMEOUT", isNumber: true },
  client_encoding: {}, // ignored: the connection always uses UTF-8
  options: { env: "PGOPTIONS" },
  application_name: { env: "PGAPPNAME" },
  fallback_application_name: {},
  keepalives: { values: YES_NO },
  keepalives_idle: { isNumber: true },
  // As in libpq on systems without them: Deno can set neither.
  keepalives_interval: { isNumber: true },
  keepalives_count: { isNumber: true },
  tcp_user_timeout: { isNumber: true },
  replication: { refused: NOT_HERE },
  gssencmode: { env: "PGGSSENCMODE", values: ["disable", "prefer"] },
  sslmode: {
    env: "PGSSLMODE",
    values: ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
  },
  sslnegotiation: { env: "PGSSLNEGOTIATION", values: ["postgres", "direct"] },
  sslcompression: { env: "PGSSLCOMPRESSION", values: YES_NO }, // libpq ignores it, too
  sslcert: { env: "PGSSLCERT" },
  sslkey: { env: "PGSSLKEY" },
  sslpassword: {},
  sslcertmode: { env: "PGSSLCERTMODE", values: ["disable", "allow"] },
  sslrootcert: { env: "PGSSLROOTCERT" },
  sslcrl: { env: "PGSSLCRL", refused: NOT_HERE },
  sslcrldir: { env: "PGSSLCRLDIR", refused: NOT_HERE },
  sslsni: { env: "PGSSLSNI", values: YES_NO },
  sslkeylogfile: { refused: NOT_HERE },
  requirepeer: { env: "PGREQUIREPEER", refused: NOT_HERE },
  ssl_min_protocol_version: { env: "PGSSLMINPROTOCOLVERSION", values: TLS_VERSIONS },
  ssl_max_protocol_version: { env: "PGSSLMAXPROTOCOLVERSION", values: TLS_VERSIONS },
  krbsrvname: {}, // of no use without GSSAPI
  gsslib: {},
  gssdelegation: {},
  target_session_attrs: {
    env: "PGTARGETSESSIONATTRS",
    values: ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"],
  },
  load_balance_hosts: { env: "PGLOADBALANCEHOSTS", values: ["disable", "random"] },
  // Only in Triton: the schemas to look for its tables in, and a role that may own them.
  search_path: {},
  table_owner: {},
};

/** Values of parameters by name, all known and valid. */
export type PostgresParameters = Readonly<Record<string, string>>;

/**
 * Checks the parameters of an address.
 *
 * @returns The parameters that have a value.
 * @throws {RangeError} If a parameter is unknown or refused, or its value is invalid.
 */
export function checkParameters(given: Iterable<readonly [string, string]>): PostgresParameters {
  const checked: Record<string, string> = {};
  for (const [name, value] of given) {
    if (name === "ssl" && value === "true") checked.sslmode = "require"; // as libpq, for JDBC's sake
    else if (value !== "") checked[name] = checkParameter(name, value, `parameter "${name}"`);
    else if (!Object.hasOwn(PARAMETERS, name)) throw new RangeError(unknown(name));
  }
  return checked;
}

/**
 * Adds parameters from the environment that the address does not have.
 *
 * @param env Returns the value of a variable. Line breaks at its end are ignored.
 * @throws {RangeError} If a variable is refused, or its value is invalid.
 */
export function withEnvironment(
  parameters: PostgresParameters,
  env: (name: string) => string | undefined,
): PostgresParameters {
  const filled: Record<string, string> = { ...parameters };
  for (const [name, { env: variable }] of Object.entries(PARAMETERS)) {
    if (variable === undefined || Object.hasOwn(parameters, name)) continue;
    const value = env(variable)?.replace(/[\r\n]+$/, "");
    if (value) filled[name] = checkParameter(name, value, variable);
  }
  return filled;
}

function checkParameter(name: string, value: string, what: string): string {
  const known = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
  if (known === undefined) throw new RangeError(unknown(name));
  const { values, isNumber, refused } = known;
  if (refused !== undefined) throw new RangeError(`${what} is set: ${refused}`);
  if (values !== undefined && !values.includes(value)) {
    throw new RangeError(`${what} is "${value}", but must be one of ${quotedList(values)}`);
  }
  if (isNumber && !/^\s*[-+]?\d{1,9}\s*$/.test(value)) {
    throw new RangeError(`${what} is "${value}", but must be a whole number`);
  }
  return value;
}

function unknown(name: string): string {
  const meant = closest(name, Object.keys(PARAMETERS));
  const help = meant === undefined
    ? "; a setting of the server goes into options=-c%20name%3Dvalue"
    : `; did you mean "${meant}"?`;
  return `there is no parameter "${name}"${help}`;
}
