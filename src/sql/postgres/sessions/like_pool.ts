/**
 * Sessions with the settings of a pool that a user has opened.
 *
 * They are not taken from the pool: a connection that the driver has reserved and that dies is not
 * noticed by it, and the next statement throws where nothing can catch it. Here each session has its own
 * driver with one socket, which never opens a second one.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import type Driver from "postgres";
import type { Sql } from "postgres";
import {
  closedError,
  type ConnectOptions,
  openSession,
  type PostgresConnector,
  type PostgresSession,
} from "../session.ts";

/** The options of a pool, as the driver has parsed them. */
type PoolOptions = Sql["options"] & {
  readonly path?: string | false | undefined;
  readonly socket?: ((options: unknown) => Socket | Promise<Socket>) | undefined;
  readonly sslnegotiation?: string | null | undefined;
};

/** Where one session goes. */
interface Place {
  readonly host: string;
  readonly port: number;
}

/** Loads the driver and creates a connector with the settings of a pool. */
export async function connectorLike(pool: Sql): Promise<PostgresConnector> {
  const { default: postgres } = await import("postgres");
  const options = pool.options as PoolOptions;
  return {
    async connect(how) {
      let failure: unknown;
      for (const place of placesOf(options)) {
        how.signal.throwIfAborted();
        try {
          return await openAt(postgres, { options, place, how });
        } catch (error) {
          failure = error;
        }
      }
      throw failure;
    },
  };
}

function placesOf({ host, port }: PoolOptions): Place[] {
  return host.map((name, index) => ({ host: name, port: port[index] ?? port[0]! }));
}

async function openAt(
  postgres: typeof Driver,
  { options, place, how }: {
    readonly options: PoolOptions;
    readonly place: Place;
    readonly how: ConnectOptions;
  },
): Promise<PostgresSession> {
  const socket = await openSocket(options, place, how);
  const session = openSession(socket, (listen) =>
    postgres(
      {
        ...(how.isForUsers ? asTheUsers(options) : onlyAddress(options)),
        ...{ host: [place.host], port: [place.port], max: 1, idle_timeout: 0, max_lifetime: 0 },
        ...{
          backoff: 0,
          socket: once(socket, options.ssl ? () => {} : listen),
          onclose: undefined,
          onparameter: undefined,
        },
        ...{ parameters: {} },
      } as unknown as Parameters<typeof postgres>[0] & object,
    ));
  const onAbort = () => session.discard();
  how.signal.addEventListener("abort", onAbort, { once: true });
  try {
    await session.sql.unsafe("SELECT 1"); // logs in, and checks target_session_attrs
    return session;
  } catch (error) {
    session.discard();
    throw error;
  } finally {
    how.signal.removeEventListener("abort", onAbort);
  }
}

/** Everything that the user has set: parsed options are not parsed again. */
function asTheUsers(options: PoolOptions): object {
  return options;
}

/** For Triton's own statements: no types, transformations or prepared statements of the user's. */
function onlyAddress(options: PoolOptions): object {
  const { database, user, pass, ssl, connection, path, connect_timeout } = options;
  const { sslnegotiation, target_session_attrs, keep_alive } = options as PoolOptions & {
    readonly keep_alive?: number;
  };
  return {
    ...{ database, user, pass, ssl, connection, path, connect_timeout, sslnegotiation },
    ...{ target_session_attrs, keep_alive, prepare: false, fetch_types: false, max_pipeline: 1 },
    onnotice: () => {},
  };
}

/** A socket of the user's own, or one that is connected to a place. */
async function openSocket(
  options: PoolOptions,
  { host, port }: Place,
  { clock, signal }: ConnectOptions,
): Promise<Socket> {
  if (options.socket) return await options.socket(options);
  const socket = options.path ? connect(options.path) : connect(port, host);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = () => socket.destroy(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const done = new AbortController();
  clock.sleep((options.connect_timeout || 30) * 1_000, done.signal).then(
    () => socket.destroy(Object.assign(new Error("no answer"), { code: "CONNECT_TIMEOUT" })),
    () => {},
  );
  socket.once("connect", resolve).once("error", reject).once(
    "close",
    () => reject(socket.errored ?? new Error("the connection was given up")),
  );
  try {
    await promise;
  } finally {
    done.abort();
    signal.removeEventListener("abort", onAbort);
  }
  // The driver takes from here the name that a certificate must have.
  return Object.assign(socket, { host, port });
}

/** Gives the driver a socket, once; it must not open another connection. */
function once(socket: Socket, listen: () => void): () => Socket {
  let isGiven = false;
  return () => {
    if (isGiven || socket.destroyed) throw closedError();
    isGiven = true;
    listen();
    return socket;
  };
}
