import { connect, type Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { type Greeting, logIn } from "./login.ts";
import type { PostgresHost, PostgresSettings } from "./settings.ts";
import { checkServer } from "./target.ts";
import { startTls } from "./tls.ts";

/** A connection that is logged in. */
export interface PostgresConnection {
  readonly socket: Socket;
  readonly greeting: Greeting;
}

/** libpq waits forever by default. */
const CONNECT_TIMEOUT_SECONDS = 10;
const KEEPALIVE_SECONDS = 60;

export interface DialOptions {
  /** Clock for `connect_timeout`. */
  readonly clock: Clock;
  /** Aborts the attempt. */
  readonly signal: AbortSignal;
}

/** Where to connect, and how. */
export interface ConnectionOptions extends DialOptions {
  readonly host: PostgresHost;
  /** The required `target_session_attrs`, without `prefer-standby`. */
  readonly attributes: string;
  readonly encrypted: boolean;
}

/** Connects to a host and logs in. */
export async function openConnection(
  settings: PostgresSettings,
  options: ConnectionOptions,
): Promise<PostgresConnection> {
  const plain = connect(place(options.host));
  plain.on("error", ignore); // pending reads report it
  const done = new AbortController();
  try {
    // A race, because Deno 2.4 never ends a handshake on a destroyed socket.
    return await Promise.race([
      converse(plain, settings, options),
      timeLimit(settings, options, done.signal),
    ]);
  } catch (error) {
    plain.destroy();
    throw error;
  } finally {
    done.abort();
  }
}

async function converse(
  plain: Socket,
  settings: PostgresSettings,
  { host, attributes, encrypted }: ConnectionOptions,
): Promise<PostgresConnection> {
  let socket: Socket = plain;
  try {
    await connected(plain);
    keepAlive(plain, settings);
    if (encrypted) socket = await encrypt(plain, settings, host);
    socket.on("error", ignore);
    const greeting = await logIn(socket, settings, host);
    await checkServer(socket, greeting, attributes);
    return { socket, greeting };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function ignore(): void {}

function place({ host, hostaddr, port }: PostgresHost) {
  if (host.startsWith("/")) return { path: `${host}/.s.PGSQL.${port}` };
  return { host: hostaddr ?? host, port };
}

/** Whether a host is the directory of a socket, which has no TLS. */
export function isDirectory({ host, hostaddr }: PostgresHost): boolean {
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

/** The first error, if the name has several addresses. */
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

/** Fails if connecting takes too long or is aborted. */
function timeLimit(
  { parameters }: PostgresSettings,
  { clock, signal }: DialOptions,
  done: AbortSignal,
): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (message: string, code: string) =>
    reject(Object.assign(new Error(message), { code }));
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
  return promise;
}
