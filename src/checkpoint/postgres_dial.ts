/**
 * Opening connections to PostgreSQL as libpq does: to the first of several hosts that will do,
 * encrypted as `sslmode` says.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import type { Clock } from "../clock.ts";
import { type Greeting, logIn, RefusedError } from "./postgres_login.ts";
import type { PostgresHost, PostgresSettings } from "./postgres_settings.ts";
import { startTls } from "./postgres_tls.ts";
import { encodeMessage, readAnswer } from "./postgres_wire.ts";

/** A connection that somebody has logged in on. */
export interface PostgresConnection {
  readonly socket: Socket;
  readonly greeting: Greeting;
}

/** libpq waits for ever unless it is told. */
const CONNECT_TIMEOUT_SECONDS = 10;
const KEEPALIVE_SECONDS = 60;

/** Errors after which the next host is tried: the server is not there, or not ready. */
const NOT_THERE: ReadonlySet<unknown> = new Set(["57P03", "WRONG_SERVER"]);

/** What to go by while connecting. */
export interface DialOptions {
  /** What `connect_timeout` goes by. */
  readonly clock: Clock;
  /** Gives the attempt up. */
  readonly signal: AbortSignal;
}

/**
 * Connects and logs in.
 *
 * @throws {Error} Why the last host that was tried did not do; the message names the others' reasons.
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

/** What went wrong at a host. */
interface Attempt {
  readonly host: PostgresHost;
  readonly error: Failure;
}

interface HostOptions extends DialOptions {
  readonly host: PostgresHost;
  /** What `target_session_attrs` asks for, without `prefer-standby`. */
  readonly attributes: string;
}

/** As libpq: a server that refuses the user is not passed over for another one. */
function mayTryNext({ code }: Failure): boolean {
  // A server's SQLSTATE has five characters, of which the first two are not "E" and "R".
  const isServers = typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
  return NOT_THERE.has(code) || (!isServers && code !== "InvalidFile");
}

function summary(failures: readonly Attempt[]): Error {
  const last = failures.at(-1)!.error;
  if (failures.length === 1) return last;
  const reasons = failures.map(({ host: { host, hostaddr, port }, error }) =>
    `${host || hostaddr}:${port}: ${reasonOf(error)}`
  );
  return Object.assign(new Error([...new Set(reasons)].join("; "), { cause: last }), {
    code: last.code,
  });
}

/** In words, where Deno and Node give a code alone. */
export function reasonOf(error: Failure): string {
  return error.message || String(error.code ?? error);
}

/** Connects to one host, encrypted in each of the ways that `sslmode` allows, in turn. */
async function dialHost(
  settings: PostgresSettings,
  options: HostOptions,
): Promise<PostgresConnection> {
  const ways = isDirectory(options.host) ? [false] : WAYS[settings.sslmode]!;
  const failures: Attempt[] = [];
  for (const encrypted of ways) {
    try {
      return await dialOnce(settings, { ...options, encrypted });
    } catch (error) {
      failures.push({ host: options.host, error: error as Failure });
      const another = encrypted
        ? error instanceof RefusedError || isTlsFailure(error as Failure)
        : error instanceof RefusedError;
      if (!another || options.signal.aborted) break;
    }
  }
  throw failures.length === 1 ? failures[0]!.error : both(failures.map(({ error }) => error));
}

/** Whether to encrypt, first and then. */
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

function both([first, second]: Failure[]): Error {
  const isSame = first!.message === second!.message;
  const message = isSame ? first!.message : `${second!.message} (before: ${first!.message})`;
  return Object.assign(new Error(message, { cause: second }), { code: second!.code });
}

async function dialOnce(
  settings: PostgresSettings,
  options: HostOptions & { readonly encrypted: boolean },
): Promise<PostgresConnection> {
  const { host, attributes, encrypted } = options;
  const plain = connect(place(host));
  const done = new AbortController();
  const limit = limitTime(plain, settings, options, done.signal);
  let socket: Socket = plain;
  socket.on("error", ignore); // whoever waits for something hears of it
  try {
    await connected(plain);
    keepAlive(plain, settings);
    if (encrypted) socket = await encrypt(plain, settings, host);
    socket.on("error", ignore);
    const greeting = await logIn(socket, settings, host);
    await checkServer(socket, greeting, attributes);
    socket.off("error", ignore);
    return { socket, greeting };
  } catch (error) {
    socket.destroy();
    plain.destroy();
    throw limit.error ?? error;
  } finally {
    done.abort();
  }
}

function ignore(): void {}

function place({ host, hostaddr, port }: PostgresHost) {
  if (host.startsWith("/")) return { path: `${host}/.s.PGSQL.${port}` };
  return { host: hostaddr ?? host, port };
}

function isDirectory({ host, hostaddr }: PostgresHost): boolean {
  return hostaddr === undefined && host.startsWith("/");
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => reject(firstOf(error));
    const onClose = () => reject(socket.errored ?? new Error("the connection was given up"));
    socket.once("error", onError).once("close", onClose).once("connect", () => {
      socket.off("error", onError).off("close", onClose);
      resolve();
    });
  });
}

/** A name with several addresses fails with the reasons of all of them. */
function firstOf(error: Error): Error {
  return error instanceof AggregateError ? error.errors[0] : error;
}

async function encrypt(
  plain: Socket,
  settings: PostgresSettings,
  host: PostgresHost,
): Promise<Socket> {
  const socket = await startTls(plain, settings, host);
  if (socket !== undefined) return socket;
  if (settings.sslmode === "prefer") return plain;
  throw Object.assign(
    new Error(`sslmode is ${settings.sslmode}, but the server does not support TLS`),
    { code: "TlsError" },
  );
}

function keepAlive(socket: Socket, { parameters }: PostgresSettings): void {
  const idle = Number(parameters.keepalives_idle ?? 0);
  const seconds = idle > 0 ? idle : KEEPALIVE_SECONDS;
  socket.setKeepAlive(parameters.keepalives !== "0", seconds * 1000);
}

/** Gives the connection up when it takes too long, or when nobody wants it any more. */
function limitTime(
  socket: Socket,
  { parameters }: PostgresSettings,
  { clock, signal }: DialOptions,
  done: AbortSignal,
): { error?: Error } {
  const limit: { error?: Error } = {};
  const giveUp = (message: string, code: string) => {
    if (done.aborted) return;
    limit.error = Object.assign(new Error(message), { code });
    socket.destroy(limit.error);
  };
  const onAbort = () => giveUp("the connection was given up", "CONNECTION_DESTROYED");
  signal.addEventListener("abort", onAbort, { once: true });
  done.addEventListener("abort", () => signal.removeEventListener("abort", onAbort));
  if (signal.aborted) onAbort();
  const given = Number(parameters.connect_timeout ?? CONNECT_TIMEOUT_SECONDS);
  if (given > 0) {
    const seconds = Math.max(given, 2); // as libpq
    const message = `the server did not take the connection within ${seconds} seconds`;
    clock.sleep(seconds * 1000, done).then(() => giveUp(message, "CONNECT_TIMEOUT"), ignore);
  }
  return limit;
}

/** Checks that the server is one of those that `target_session_attrs` asks for. */
async function checkServer(
  socket: Socket,
  { settings }: Greeting,
  attributes: string,
): Promise<void> {
  if (attributes === "any") return;
  const isStandby = (settings.get("in_hot_standby") ?? await inRecovery(socket)) === "on";
  const isReadOnly = isStandby || await isOn(socket, "SHOW transaction_read_only");
  const fits = {
    "primary": !isStandby,
    "standby": isStandby,
    "read-write": !isReadOnly,
    "read-only": isReadOnly,
  }[attributes];
  if (fits) return;
  const found = isStandby ? "a standby" : isReadOnly ? "read-only" : "a primary";
  throw Object.assign(
    new Error(`the server is ${found}, but target_session_attrs asks for ${attributes}`),
    { code: "WRONG_SERVER" },
  );
}

/** Servers before PostgreSQL 14 do not say it by themselves. */
async function inRecovery(socket: Socket): Promise<string> {
  const isStandby = await isOn(socket, "SELECT pg_catalog.pg_is_in_recovery()");
  return isStandby ? "on" : "off";
}

/** Asks for one value that is true or false. */
async function isOn(socket: Socket, statement: string): Promise<boolean> {
  socket.write(encodeMessage("Q", `${statement}\0`));
  let value = "";
  for (;;) {
    const { type, body } = await readAnswer(socket);
    if (type === "D") value = body.subarray(6).toString("utf8");
    if (type === "Z") return value === "on" || value === "t";
  }
}

function shuffle<T>(items: readonly T[], clock: Clock): T[] {
  return items.map((item) => ({ item, at: clock.random() })).sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
