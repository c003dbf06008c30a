/**
 * Connections to PostgreSQL.
 *
 * @module
 */

import type Driver from "postgres";
import type { Sql } from "postgres";
import type { PostgresConnector } from "./postgres_pool.ts";
import type { PostgresAddress } from "./postgres_url.ts";

/** Saving is one short statement at a time; a few connections serve many shards. */
const MAX_CONNECTIONS = 4;

const CONNECT_TIMEOUT_SECONDS = 10;

/** The caller paces itself between attempts; this only keeps a failing pool from spinning. */
const RECONNECT_SECONDS = 0.1;

/**
 * Loads the driver, and makes a connector of it.
 *
 * @param address Where to connect. Its `connect` throws if a parameter of the address is not one
 * that the driver can take.
 */
export async function postgresConnector(address: PostgresAddress): Promise<PostgresConnector> {
  const { default: postgres } = await import("postgres");
  return { connect: () => connect(postgres, address) };
}

function connect(postgres: typeof Driver, address: PostgresAddress): Sql {
  // The driver takes its own settings and the server's from the query of a URL; everything else is
  // passed as options, where nothing needs escaping.
  return postgres(`postgres:///?${address.parameters}`, {
    ...place(address),
    user: address.user,
    pass: address.password,
    database: address.database,
    max: MAX_CONNECTIONS,
    prepare: false, // PgBouncer in transaction mode gives each transaction another session
    fetch_types: false, // saves a round trip; no arrays are used
    onnotice: () => {}, // else notices are printed
    backoff: () => RECONNECT_SECONDS,
    connection: { application_name: "triton" },
    ...timeout(address),
  });
}

function place({ hosts, ports }: PostgresAddress): Record<string, unknown> {
  const [host] = hosts;
  if (host === undefined) return {};
  if (host.startsWith("/")) return { path: `${host}/.s.PGSQL.${ports[0] ?? 5432}` };
  if (hosts.length === 1 && ports.length === 0 && !host.includes(":")) return { host };
  // Arrays, because the driver splits text at every colon, those of IPv6 addresses included.
  return { host: [...hosts], port: hosts.map((_, index) => ports[index] ?? ports[0] ?? 5432) };
}

function timeout({ parameters }: PostgresAddress): { connect_timeout?: number } {
  const isGiven = new URLSearchParams(parameters).has("connect_timeout");
  return isGiven ? {} : { connect_timeout: CONNECT_TIMEOUT_SECONDS };
}
