/**
 * Opens connections to PostgreSQL as libpq does: to the first suitable host of several, encrypted
 * according to `sslmode`.
 *
 * @module
 */

import type { Clock } from "../../base/clock.ts";
import {
  type ConnectionOptions,
  type DialOptions,
  isDirectory,
  openConnection,
  type PostgresConnection,
} from "./connection.ts";
import { postgresError } from "./error.ts";
import { RefusedError } from "./login.ts";
import type { PostgresHost, PostgresSettings } from "./settings.ts";

/** Errors after which the next host is tried: the server is not reachable, or not ready. */
const NOT_THERE: ReadonlySet<unknown> = new Set(["57P03", "WRONG_SERVER"]);

/**
 * Connects and logs in.
 *
 * @throws {Error} Why the last host failed; the message also has the reasons of the others.
 */
export async function dial(
  settings: PostgresSettings,
  options: DialOptions,
): Promise<PostgresConnection> {
  const { parameters, hosts } = settings;
  const isLastPass = parameters.target_session_attrs !== "prefer-standby";
  const order = parameters.load_balance_hosts === "random"
    ? shuffle(hosts, options.clock)
    : [...hosts];
  const passes = isLastPass ? [parameters.target_session_attrs ?? "any"] : ["standby", "any"];
  const failures: Attempt[] = [];
  for (const attributes of passes) {
    for (const host of order) {
      try {
        return await dialHost(settings, { ...options, host, attributes });
      } catch (error) {
        failures.push({ host, error: error as Failure });
        if (options.signal.aborted || !mayTryNext(error as Failure)) throw summary(failures);
      }
    }
  }
  throw summary(failures);
}

type Failure = Error & { readonly code?: unknown };

/** Why a host failed. */
interface Attempt {
  readonly host: PostgresHost;
  readonly error: Failure;
}

type HostOptions = Omit<ConnectionOptions, "encrypted">;

/** Like libpq: if a server refuses the user, no other one is tried. */
function mayTryNext({ code }: Failure): boolean {
  // A server's SQLSTATE has five characters, of which the first two are not "E" and "R".
  const isServers = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
  return NOT_THERE.has(code) || (!isServers && code !== "InvalidFile");
}

function summary(failures: readonly Attempt[]): Error {
  const last = failures.at(-1)!.error;
  if (failures.length === 1) return last;
  const reasons = failures.map(({ host: { host, hostaddr, port }, error }) =>
    `${host || hostaddr}:${port}: ${error.message || error.code}`
  );
  const code = mayTryNext(last) ? passingCode(failures.map(({ error }) => error)) : last.code;
  return Object.assign(new Error([...new Set(reasons)].join("; "), { cause: last }), { code });
}

/** The code of a temporary failure, if there is one: then a retry helps. */
function passingCode(failures: readonly Failure[]): unknown {
  const passing = failures.find((failure) => postgresError("", failure).retryable);
  return (passing ?? failures.at(-1)!).code;
}

/** Connects to one host, with and without TLS in the order that `sslmode` allows. */
async function dialHost(
  settings: PostgresSettings,
  options: HostOptions,
): Promise<PostgresConnection> {
  const ways = isDirectory(options.host) ? [false] : WAYS[settings.sslmode]!;
  const failures: Failure[] = [];
  for (const encrypted of ways) {
    try {
      return await openConnection(settings, { ...options, encrypted });
    } catch (error) {
      failures.push(error as Failure);
      const isRefused = error instanceof RefusedError || isTlsFailure(error as Failure);
      if (!isRefused || options.signal.aborted) break;
    }
  }
  throw failures.length === 1 ? failures[0]! : both(failures);
}

/** Whether to use TLS, in the order of the attempts. */
const WAYS: Readonly<Record<string, readonly boolean[]>> = {
  disable: [false],
  allow: [false, true],
  prefer: [true, false],
  require: [true],
  "verify-ca": [true],
  "verify-full": [true],
};

function isTlsFailure({ message }: Failure): boolean {
  return message.startsWith("TLS failed");
}

function both(failures: readonly Failure[]): Error {
  const [first, second] = failures as [Failure, Failure];
  const isSame = first.message === second.message;
  const message = isSame ? first.message : `${second.message} (before: ${first.message})`;
  return Object.assign(new Error(message, { cause: second }), { code: passingCode(failures) });
}

function shuffle<T>(items: readonly T[], clock: Clock): T[] {
  return items.map((item) => ({ item, at: clock.random() })).sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
