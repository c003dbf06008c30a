import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { keepSecrets } from "../../base/secrets.ts";
import { findPassword } from "./files.ts";
import { beginScram, certificateHash, SCRAM, SCRAM_PLUS } from "./scram.ts";
import type { PostgresHost, PostgresSettings } from "./settings.ts";
import {
  encodeMessage,
  int32,
  PostgresServerError,
  protocolError,
  readAnswer,
  readMessage,
} from "./wire.ts";

const PROTOCOL_3_0 = 196_608;

/** Authentication requests, by number. */
const OK = 0, CLEARTEXT = 3, MD5 = 5, SASL = 10, SASL_CONTINUE = 11, SASL_FINAL = 12;

/** What a server sends after a login. */
export interface Greeting {
  /** Its messages, from AuthenticationOk to ReadyForQuery. */
  readonly bytes: Uint8Array;
  /** The process that serves the session, as the server says; a pooler makes up a number. */
  readonly pid: number | undefined;
  readonly settings: ReadonlyMap<string, string>;
}

/** The error of a server that refuses a connection before authentication. */
export class RefusedError extends PostgresServerError {}

/**
 * Logs in, on a connection that is open and encrypted as required.
 *
 * @throws {RefusedError} If the server accepts no such connection, such as one without TLS.
 * @throws {PostgresServerError} If it refuses the user.
 */
export async function logIn(
  socket: Socket,
  settings: PostgresSettings,
  host: PostgresHost,
): Promise<Greeting> {
  socket.write(encodeMessage("", int32(PROTOCOL_3_0), startup(settings)));
  const first = await readMessage(socket);
  if (first.type === "E") throw new RefusedError(first.body);
  await authenticate(socket, first.type === "R" ? first.body : wrongAnswer(), { settings, host });
  return await readGreeting(socket);
}

function startup({ user, database, parameters }: PostgresSettings): string {
  const { application_name, fallback_application_name, options, search_path } = parameters;
  const given = {
    user,
    database,
    client_encoding: "UTF8",
    application_name: application_name ?? fallback_application_name ?? "triton",
    ...(options !== undefined && { options }),
    ...(search_path !== undefined && { search_path }),
  };
  return Object.entries(given).flat().map((text) => `${text}\0`).join("") + "\0";
}

/** Who logs in, and where. */
interface Login {
  readonly settings: PostgresSettings;
  readonly host: PostgresHost;
}

async function authenticate(socket: Socket, request: Buffer, login: Login): Promise<void> {
  const kind = request.readInt32BE(0);
  const { channel_binding } = login.settings.parameters;
  if (kind !== SASL && channel_binding === "require") throw unboundError();
  if (kind === SASL) await sasl(socket, request, login);
  else if (kind === CLEARTEXT) sendPassword(socket, await passwordOf(login));
  else if (kind === MD5) {
    const inner = md5(await passwordOf(login) + login.settings.user);
    sendPassword(socket, `md5${md5(inner, request.subarray(4, 8))}`);
  } else if (kind !== OK) {
    throw loginError(`the server asks for a kind of login (${kind}) that Triton does not support`);
  }
  if (kind === OK) return;
  const answer = await readAnswer(socket);
  if (answer.type !== "R" || answer.body.readInt32BE(0) !== OK) wrongAnswer();
}

function md5(text: string, salt: Uint8Array = new Uint8Array(0)): string {
  return createHash("md5").update(text).update(salt).digest("hex");
}

function sendPassword(socket: Socket, text: string): void {
  socket.write(encodeMessage("p", `${text}\0`));
}

async function sasl(socket: Socket, request: Buffer, login: Login): Promise<void> {
  const offered = request.subarray(4).toString("utf8").split("\0").filter(Boolean);
  const binding = bindingOf(socket, offered, login.settings);
  if (!offered.includes(SCRAM) && !(binding instanceof Uint8Array)) {
    throw loginError(`the server asks for ${offered.join(" or ")}, which Triton does not support`);
  }
  const scram = beginScram(await passwordOf(login), binding);
  const first = Buffer.from(scram.first);
  socket.write(encodeMessage("p", `${scram.mechanism}\0`, int32(first.length), first));
  const { last, check } = await scram.answer(await readSasl(socket, SASL_CONTINUE));
  socket.write(encodeMessage("p", last));
  check(await readSasl(socket, SASL_FINAL));
}

/** What the login is bound to, if `channel_binding` and both sides allow it. */
function bindingOf(
  socket: Socket,
  offered: readonly string[],
  { parameters: { channel_binding = "prefer" } }: PostgresSettings,
): Uint8Array | "unbound" | undefined {
  const certificate = socket instanceof TLSSocket && channel_binding !== "disable"
    ? certificateHash(socket.getPeerCertificate(true).raw)
    : undefined;
  if (certificate !== undefined && offered.includes(SCRAM_PLUS)) return certificate;
  if (channel_binding === "require") throw unboundError();
  return certificate && "unbound";
}

async function readSasl(socket: Socket, kind: number): Promise<string> {
  const { type, body } = await readAnswer(socket);
  if (type !== "R" || body.readInt32BE(0) !== kind) wrongAnswer();
  return body.subarray(4).toString("utf8");
}

async function passwordOf({ settings, host }: Login): Promise<string> {
  const password = settings.password ?? await findPassword(settings, host);
  if (password !== undefined) {
    keepSecrets("PostgreSQL", [password]);
    return password;
  }
  throw loginError(
    "the server asks for a password: give it in the address, by PGPASSWORD, or in ~/.pgpass",
  );
}

/** Reads until the server is ready. */
async function readGreeting(socket: Socket): Promise<Greeting> {
  const parts = [encodeMessage("R", int32(OK))];
  const settings = new Map<string, string>();
  let pid: number | undefined;
  for (;;) {
    const { type, body } = await readAnswer(socket);
    if (type === "K") pid = body.readInt32BE(0);
    if (type === "S") {
      const [name = "", value = ""] = body.toString("utf8").split("\0");
      settings.set(name, value);
    }
    if ("SKZ".includes(type)) parts.push(encodeMessage(type, body));
    if (type === "Z") return { bytes: Buffer.concat(parts), pid, settings };
  }
}

function wrongAnswer(): never {
  throw protocolError("the server gave an answer that is not in PostgreSQL's protocol");
}

function unboundError(): Error {
  return loginError(
    "channel_binding is require, but the server's login cannot be bound to a TLS connection",
  );
}

function loginError(message: string): Error {
  return Object.assign(new Error(message), { code: "28000" });
}
