/**
 * Sessions on a PostgreSQL server, each with its own driver.
 *
 * The driver (`npm:postgres` 3.4.9) has a pool of its own, but with faults: if a session dies within
 * `begin`, it writes to a closed socket, which throws where nothing can catch it
 * (https://github.com/porsager/postgres/issues/1154 and 1208), and the connection that it opens
 * afterwards never sends anything. So here it gets one connected socket and one query at a time, and
 * is discarded with its socket at the first failure.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type { Sql } from "postgres";
import type { DialOptions, PostgresConnection } from "./connection.ts";
import { dial } from "./dial.ts";
import { ignoreLostTypes } from "./sessions/lost_types.ts";
import { type Environment, postgresSettings } from "./settings.ts";
import type { PostgresAddress } from "./url.ts";
import { encodeMessage, lastWords } from "./wire.ts";

/** One session, for one transaction at a time. */
export interface PostgresSession {
  /** The driver; it never opens a second connection. */
  readonly sql: Sql;
  /** Whether the connection is open, as far as this side knows. */
  readonly isAlive: boolean;
  /** Aborted when the connection is lost: the driver may never settle queries that wait for it. */
  readonly lost: AbortSignal;
  /** The error with which the server ended the session, if it did. */
  readonly lastWords: (Error & { readonly severity: string | undefined }) | undefined;
  /** How many statements were prepared on it, which the server keeps until it ends. */
  prepared: number;
  /**
   * Lets the driver prepare statements of users if nothing is between it and the server: PgBouncer in
   * transaction mode gives each transaction another session of the server.
   *
   * @param pid The process that runs the transaction that has begun.
   */
  prepareIn(pid: number): void;
  /** Notes that nobody uses the session now: its connection does not keep the process alive. */
  rest(): void;
  /** Notes that it is used again. */
  wake(): void;
  /** Cuts the connection; pending queries fail. */
  discard(): void;
  /** Ends the session and the connection in an orderly way. */
  end(): Promise<void>;
}

/** Opens sessions. */
export interface PostgresConnector {
  /** The address, without the password. */
  readonly description?: string | undefined;
  /** A role that may own the tables, in addition to the usual ones. */
  readonly tableOwner?: string | undefined;
  /**
   * Opens a session.
   *
   * @throws {Error} If no server accepts the connection.
   */
  connect(options: ConnectOptions): Promise<PostgresSession>;
}

export interface ConnectOptions extends DialOptions {
  /** Whether statements of users run on the session: the driver then knows the types of arrays. */
  readonly isForUsers?: boolean | undefined;
}

/**
 * Loads the driver and creates a connector.
 *
 * @throws {CheckpointError} With code `InvalidUrl` if address and environment are contradictory or invalid.
 */
export async function postgresConnector(
  address: PostgresAddress,
  env?: Environment,
): Promise<PostgresConnector> {
  const settings = postgresSettings(address, env);
  const { default: postgres } = await import("postgres");
  return {
    description: address.description,
    tableOwner: settings.parameters.table_owner,
    async connect(options) {
      const connection = await dial(settings, options);
      const drive = (listen: () => void) =>
        postgres(
          {
            ...OPTIONS,
            ...(options.isForUsers && USER_OPTIONS),
            socket: oneSocket(connection, listen),
          } as Parameters<typeof postgres>[0] & object,
        );
      return openSession(connection.socket, drive, connection.greeting.pid);
    },
  };
}

/**
 * Creates a session on a socket.
 *
 * @param socket The only socket that the driver gets.
 * @param drive Creates the driver; the function that it is given begins to listen for the last words of
 * the server.
 * @param pid The process that the server named at login. If it is not known, the driver prepares
 * statements as it was told to.
 */
export function openSession(
  socket: Socket,
  drive: (listen: () => void) => Sql,
  pid?: number,
): PostgresSession {
  ignoreLostTypes();
  const lost = new AbortController();
  const lose = () => lost.abort(closedError());
  socket.once("error", lose).once("end", lose).once("close", lose);
  socket.on("error", () => {}); // the driver removes its own listeners when it closes
  let last: Buffer | undefined;
  const listen = () => socket.on("data", (bytes: Buffer) => last = bytes);
  const sql = drive(listen);
  return {
    sql,
    get isAlive() {
      return !lost.signal.aborted && !socket.destroyed;
    },
    lost: lost.signal,
    get lastWords() {
      return lastWords(last);
    },
    prepared: 0,
    prepareIn(running) {
      // The driver looks at it for each statement.
      if (pid !== undefined) Object.assign(sql.options, { prepare: running === pid });
    },
    rest: () => void socket.unref(),
    wake: () => void socket.ref(),
    discard() {
      lose();
      socket.destroy();
    },
    async end() {
      await sql.end({ timeout: 5 });
      socket.destroy();
    },
  };
}

/** Everything that the driver would otherwise take from the environment, or do automatically. */
const OPTIONS = {
  // No second host to connect to when the connection is lost.
  host: [""],
  port: [0],
  user: "triton",
  pass: "",
  database: "",
  ssl: false, // the connection is encrypted already
  max: 1,
  prepare: false, // until it is known that no PgBouncer is in between
  fetch_types: false, // saves a round trip; no arrays are used
  idle_timeout: 0,
  connect_timeout: 0,
  max_lifetime: 0, // would end a session within a transaction
  max_pipeline: 1,
  backoff: 0,
  keep_alive: 0,
  debug: false,
  sslnegotiation: null,
  publications: "",
  // Overrides PGTARGETSESSIONATTRS: without a second host, this value requires nothing.
  target_session_attrs: "prefer-standby",
  onnotice: () => {}, // otherwise notices are printed
};

/** The error that the driver has for a connection that is closed. */
export function closedError(): Error {
  return Object.assign(new Error("the connection was lost"), { code: "CONNECTION_CLOSED" });
}

/** Where statements of users run. */
const USER_OPTIONS = { fetch_types: true, max_pipeline: 100 };

/**
 * What the driver would query for target_session_attrs if the server does not report it: before
 * PostgreSQL 14, and behind PgBouncer.
 */
const NOT_ASKED = Buffer.concat(
  ["in_hot_standby", "default_transaction_read_only"].map((name) =>
    encodeMessage("S", `${name}\0off\0`)
  ),
);

/** Gives the driver a socket, once; it must not open another connection. */
function oneSocket(connection: PostgresConnection, onGreeted: () => void): () => Socket {
  let left: PostgresConnection | undefined = connection;
  return () => {
    // A socket that is already closed would not emit another event.
    if (left === undefined || left.socket.destroyed || left.socket.readableEnded) {
      throw closedError();
    }
    const { socket, greeting } = left;
    left = undefined;
    greet(socket, greeting.bytes, onGreeted);
    return socket;
  };
}

/**
 * Answers the driver's login message with what the server sent after our login.
 */
function greet(socket: Socket, greeting: Uint8Array, onGreeted: () => void): void {
  const write = socket.write;
  socket.write = () => {
    socket.write = write;
    queueMicrotask(() => { // after the driver has cleared its write buffer
      socket.unshift(Buffer.concat([NOT_ASKED, greeting]));
      onGreeted();
      socket.resume();
    });
    return true;
  };
}
