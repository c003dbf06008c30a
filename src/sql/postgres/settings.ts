/**
 * Settings from an address and the environment, with libpq's defaults.
 *
 * @module
 */

import { userInfo } from "node:os";
import process from "node:process";
import type { PostgresAddress } from "./url.ts";
import { invalidAddress } from "./url.ts";
import { type PostgresParameters, withEnvironment } from "./parameters.ts";

/** Reads an environment variable. Undefined also if the program may not read it. */
export type Environment = (name: string) => string | undefined;

/** One of the servers to try. */
export interface PostgresHost {
  /** Its name or address, for certificates and passwords; empty if unnamed. */
  readonly host: string;
  /** Its address, instead of a DNS lookup. */
  readonly hostaddr: string | undefined;
  readonly port: number;
}

export interface PostgresSettings {
  /** The servers, in the order of attempts; at least one. */
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  readonly database: string;
  readonly password: string | undefined;
  readonly sslmode: string;
  /** All parameters by libpq's names, including those above. */
  readonly parameters: PostgresParameters;
  readonly env: Environment;
}

const DEFAULT_HOST = "localhost";
const DEFAULT_PORT = 5432;

/** The environment of this process. */
export function processEnvironment(name: string): string | undefined {
  try {
    return process.env[name];
  } catch {
    return undefined; // Deno throws if --allow-env does not include the variable
  }
}

/**
 * Completes an address with the environment and defaults.
 *
 * @throws {CheckpointError} With code `InvalidUrl` if they are contradictory or invalid.
 */
export function postgresSettings(
  address: PostgresAddress,
  env: Environment = processEnvironment,
): PostgresSettings {
  try {
    return toSettings(withEnvironment(address.parameters, env), env);
  } catch (error) {
    throw error instanceof RangeError ? invalidAddress(error.message) : error;
  }
}

function toSettings(parameters: PostgresParameters, env: Environment): PostgresSettings {
  const isSystem = parameters.sslrootcert === "system";
  const sslmode = parameters.sslmode ?? (isSystem ? "verify-full" : "prefer");
  if (isSystem && sslmode !== "verify-full") {
    throw new RangeError(
      `sslmode is "${sslmode}", which is too weak for sslrootcert=system; use verify-full`,
    );
  }
  if (parameters.sslnegotiation === "direct" && !/^(require|verify)/.test(sslmode)) {
    throw new RangeError(
      `sslmode is "${sslmode}", which is too weak for sslnegotiation=direct; use require or more`,
    );
  }
  const user = parameters.user ?? systemUser(env);
  return {
    hosts: toHosts(parameters),
    user,
    database: parameters.dbname ?? user,
    password: parameters.password,
    sslmode,
    parameters,
    env,
  };
}

function toHosts({ host, hostaddr, port }: PostgresParameters): PostgresHost[] {
  const hosts = host?.split(",") ?? [];
  const addresses = hostaddr?.split(",") ?? [];
  const ports = port?.split(",") ?? [];
  const count = Math.max(hosts.length, addresses.length, 1);
  if (hosts.length > 0 && addresses.length > 0 && hosts.length !== addresses.length) {
    throw new RangeError(`there are ${hosts.length} hosts, but ${addresses.length} hostaddr`);
  }
  if (ports.length > 1 && ports.length !== count) {
    throw new RangeError(`there are ${ports.length} ports, but ${count} hosts`);
  }
  return Array.from({ length: count }, (_, index) => ({
    host: hosts[index] || (addresses[index] ? "" : DEFAULT_HOST),
    hostaddr: addresses[index] || undefined,
    port: toPort(ports.length === 1 ? ports[0] : ports[index]),
  }));
}

function toPort(text: string | undefined): number {
  if (!text) return DEFAULT_PORT;
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port;
  throw new RangeError(`"${text}" is no port, which is a number from 1 to 65535`);
}

/** The user of the operating system, which is libpq's default. */
function systemUser(env: Environment): string {
  try {
    return userInfo().username;
  } catch {
    // Deno requires --allow-sys=uid.
  }
  const user = env("USER") || env("LOGNAME") || env("USERNAME");
  if (user) return user;
  throw new RangeError("it names no user, and PGUSER is not set");
}
