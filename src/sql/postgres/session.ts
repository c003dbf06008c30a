/**
 * Sessions on a PostgreSQL server, each with a driver of its own.
 *
 * The driver (`npm:postgres` 3.4.9) shares a pool among its connections, and some of its faults
 * with it: a session that dies inside `begin` makes it write to a socket that is no more, which
 * throws where nothing can catch it (https://github.com/porsager/postgres/issues/1154 and 1208), and
 * the connection that it opens then never sends anything. So here it gets one socket that is
 * connected already, is asked one thing at a time, and is thrown away with its socket at the first
 * failure.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";
import type Driver from "postgres";
import type { Sql } from "postgres";
import type { DialOptions, PostgresConnection } from "./connection.ts";
import { dial } from "./dial.ts";
import { type Environment, postgresSettings } from "./settings.ts";
import type { PostgresAddress } from "./url.ts";
import { encodeMessage, lastWords } from "./wire.ts";

/** One session, for one piece of work at a time. */
export interface PostgresSession {
  /** The driver; it never opens a second connection. */
  readonly sql: Sql;
  /** Whether the connection is there, as far as this side knows. */
  readonly isAlive: boolean;
  /** What the server said as it ended the session, if it did. */
  readonly lastWords: (Error & { readonly severity: string | undefined }) | undefined;
  /** Cuts the connection; what waits for an answer fails. */
  discard(): void;
  /** Takes leave of the server, and ends the connection. */
  end(): Promise<void>;
}

/** Opens sessions. */
export interface PostgresConnector {
  /** A role that is trusted as the owner of the tables, beside the usual ones. */
  readonly tableOwner?: string | undefined;
  /**
   * Opens a session.
   *
   * @throws {Error} If no server takes the connection.
   */
  connect(options: DialOptions): Promise<PostgresSession>;
}

/**
 * Loads the driver, and makes a connector of it.
 *
 * @throws {CheckpointError} With code `InvalidUrl` if address and environment say what cannot be done.
 */
export async function postgresConnector(
  address: PostgresAddress,
  env?: Environment,
): Promise<PostgresConnector> {
  const settings = postgresSettings(address, env);
  const { default: postgres } = await import("postgres");
  return {
    tableOwner: settings.parameters.table_owner,
    connect: async (options) => openSession(postgres, await dial(settings, options)),
  };
}

function openSession(postgres: typeof Driver, connection: PostgresConnection): PostgresSession {
  const { socket } = connection;
  let isLost = false;
  const lose = () => isLost = true;
  socket.once("error", lose).once("end", lose).once("close", lose);
  socket.on("error", () => {}); // the driver takes its own listeners away as it closes
  let last: Buffer | undefined;
  const listen = () => socket.on("data", (bytes: Buffer) => last = bytes);
  const sql = postgres(
    {
      ...OPTIONS,
      socket: oneSocket(connection, listen),
    } as Parameters<typeof postgres>[0] & object,
  );
  return {
    sql,
    get isAlive() {
      return !isLost && !socket.destroyed;
    },
    get lastWords() {
      return lastWords(last);
    },
    discard() {
      isLost = true;
      socket.destroy();
    },
    async end() {
      await sql.end({ timeout: 5 });
      socket.destroy();
    },
  };
}

/** Everything that the driver would else take from the environment, or do by itself. */
const OPTIONS = {
  // No second host to wait for when the connection is lost.
  host: [""],
  port: [0],
  user: "triton",
  pass: "",
  database: "",
  ssl: false, // the connection is encrypted already
  max: 1,
  prepare: false, // PgBouncer in transaction mode gives each transaction another session
  fetch_types: false, // saves a round trip; no arrays are used
  idle_timeout: 0,
  connect_timeout: 0,
  max_lifetime: 0, // it would end a session in the middle of a transaction
  max_pipeline: 1,
  backoff: 0,
  keep_alive: 0,
  debug: false,
  sslnegotiation: null,
  publications: "",
  // Whatever PGTARGETSESSIONATTRS says: without a second host, this one asks for nothing.
  target_session_attrs: "prefer-standby",
  onnotice: () => {}, // else notices are printed
};

/**
 * What the driver asks for target_session_attrs' sake where the server does not say it by itself:
 * before PostgreSQL 14, and behind PgBouncer.
 */
const NOT_ASKED = Buffer.concat(
  ["in_hot_standby", "default_transaction_read_only"].map((name) =>
    encodeMessage("S", `${name}\0off\0`)
  ),
);

/** Gives the driver a socket, once; after that it may not connect by itself. */
function oneSocket(connection: PostgresConnection, onGreeted: () => void): () => Socket {
  let left: PostgresConnection | undefined = connection;
  return () => {
    // One that is closed already would never say so again.
    if (left === undefined || left.socket.destroyed || left.socket.readableEnded) {
      throw Object.assign(new Error("the connection was lost"), { code: "CONNECTION_CLOSED" });
    }
    const { socket, greeting } = left;
    left = undefined;
    greet(socket, greeting.bytes, onGreeted);
    return socket;
  };
}

/**
 * Answers the driver's first message, by which it would log in, with what the server said when we
 * did.
 */
function greet(socket: Socket, greeting: Uint8Array, onGreeted: () => void): void {
  const write = socket.write;
  socket.write = () => {
    socket.write = write;
    queueMicrotask(() => { // the driver goes on to forget what it has written
      socket.unshift(Buffer.concat([NOT_ASKED, greeting]));
      onGreeted();
      socket.resume();
    });
    return true;
  };
}
