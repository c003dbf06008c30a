/**
 * Messages of PostgreSQL's protocol that are needed to open a connection
 * (https://www.postgresql.org/docs/current/protocol-message-formats.html).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

export interface ServerMessage {
  /** Its kind, such as `"R"` for one about authentication. */
  readonly type: string;
  /** What follows its length. */
  readonly body: Buffer;
}

/** Longer messages do not come from a PostgreSQL server; libpq has the same limit. */
const MAX_LENGTH = 30_000;

/** An error that the server sent, with its fields. */
export class PostgresServerError extends Error {
  readonly code: string;
  /** `ERROR`, `FATAL` or `PANIC`, in English. */
  readonly severity: string | undefined;

  constructor(body: Buffer) {
    const fields = new Map(
      body.toString("utf8").split("\0").filter(Boolean).map((field) => [field[0], field.slice(1)]),
    );
    super(fields.get("M") ?? "the server refused the connection");
    this.name = "PostgresError";
    this.code = fields.get("C") ?? "08P01";
    this.severity = fields.get("V") ?? fields.get("S");
  }
}

/**
 * The last error that a server sent: the driver (3.4.9) drops an error that no ReadyForQuery follows,
 * and reports only a lost connection.
 *
 * @param bytes The last bytes received; they need not begin with a message.
 */
export function lastWords(bytes: Buffer | undefined): PostgresServerError | undefined {
  if (bytes === undefined) return undefined;
  for (let at = bytes.indexOf(ERROR); at >= 0; at = bytes.indexOf(ERROR, at + 1)) {
    const reachesEnd = at + 5 <= bytes.length &&
      at + 1 + bytes.readUInt32BE(at + 1) === bytes.length;
    if (reachesEnd) return new PostgresServerError(bytes.subarray(at + 5));
  }
  return undefined;
}

const ERROR = "E".charCodeAt(0);

/** Reads exactly `count` bytes; the rest stays in the socket. */
export async function readBytes(socket: Socket, count: number): Promise<Buffer> {
  for (;;) {
    const bytes: Buffer | null = socket.read(count);
    if (bytes !== null && bytes.length === count) return bytes;
    if (socket.destroyed || socket.readableEnded || bytes !== null) throw lost(socket);
    await readable(socket);
  }
}

export async function readMessage(socket: Socket): Promise<ServerMessage> {
  const head = await readBytes(socket, 5);
  const length = head.readUInt32BE(1) - 4;
  if (length < 0 || length > MAX_LENGTH) {
    throw protocolError("what answers there is no PostgreSQL server");
  }
  const body = length === 0 ? Buffer.alloc(0) : await readBytes(socket, length);
  return { type: String.fromCharCode(head[0]!), body };
}

/** Reads one message, and throws if it is an error of the server. */
export async function readAnswer(socket: Socket): Promise<ServerMessage> {
  for (;;) {
    const message = await readMessage(socket);
    if (message.type === "E") throw new PostgresServerError(message.body);
    if (message.type !== "N") return message; // a notice
  }
}

/** A message: its kind (none for the first messages of a connection), its length, and its content. */
export function encodeMessage(type: string, ...parts: (string | Uint8Array)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type, "latin1"), length, body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** The error for a violation of the protocol; connecting again may help. */
export function protocolError(message: string): Error {
  return Object.assign(new Error(message), { code: "08P01" });
}

/** Waits until there is something to read, or the connection ends. */
function readable(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      socket.off("readable", onReadable).off("end", onEnd).off("close", onEnd).off("error", settle);
      error === undefined ? resolve() : reject(error);
    };
    const onReadable = () => settle();
    const onEnd = () => settle(lost(socket));
    socket.on("readable", onReadable).on("end", onEnd).on("close", onEnd).on("error", settle);
  });
}

function lost(socket: Socket): Error {
  return socket.errored ?? Object.assign(new Error("the server closed the connection"), {
    code: "CONNECTION_CLOSED",
  });
}
