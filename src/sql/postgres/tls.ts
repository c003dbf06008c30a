/**
 * TLS to PostgreSQL, according to `sslmode`, `sslrootcert`, `sslcert` and `sslkey`
 * (https://www.postgresql.org/docs/current/libpq-ssl.html).
 *
 * @module
 */

import { createPrivateKey } from "node:crypto";
import { isIP, type Socket } from "node:net";
import {
  checkServerIdentity,
  connect,
  type ConnectionOptions,
  type SecureVersion,
  type TLSSocket,
} from "node:tls";
import { fileError, homeFile, isPrivate, readNamed, tryRead } from "./files.ts";
import type { PostgresHost, PostgresSettings } from "./settings.ts";
import { encodeMessage, int32, protocolError, readBytes } from "./wire.ts";

const SSL_REQUEST = 80_877_103;

/**
 * Requests TLS and performs the handshake.
 *
 * @returns The encrypted connection. Undefined if the server has no TLS: the connection is unchanged.
 */
export async function startTls(
  socket: Socket,
  settings: PostgresSettings,
  host: PostgresHost,
): Promise<TLSSocket | undefined> {
  const isDirect = settings.parameters.sslnegotiation === "direct";
  const options = await tlsOptions(settings, host); // before anything is sent: files may be missing
  if (!isDirect) {
    socket.write(encodeMessage("", int32(SSL_REQUEST)));
    const answer = String.fromCharCode((await readBytes(socket, 1))[0]!);
    if (answer === "N") return undefined;
    if (answer !== "S") throw protocolError("what answers there is no PostgreSQL server");
    // Otherwise an attacker in between could inject plain text (CVE-2021-23222).
    if (socket.readableLength > 0) throw protocolError("there is plain text before TLS begins");
  }
  return await handshake(socket, {
    ...options,
    ...(isDirect && { ALPNProtocols: ["postgresql"] }),
  });
}

function handshake(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  socket.removeAllListeners("readable");
  return new Promise((resolve, reject) => {
    const encrypted = connect({ ...options, socket });
    const fail = (error?: Error) => reject(tlsError(socket.errored ?? error));
    const onClose = () => fail();
    encrypted.once("error", fail).once("close", onClose).once("secureConnect", () => {
      encrypted.off("error", fail).off("close", onClose);
      resolve(encrypted);
    });
  });
}

function tlsError(cause: Error | undefined): Error {
  if (cause === undefined) return protocolError("the server closed the connection as TLS began");
  return Object.assign(new Error(`TLS failed: ${cause.message}`, { cause }), {
    code: (cause as { code?: string }).code ?? "TlsError",
  });
}

async function tlsOptions(
  settings: PostgresSettings,
  { host }: PostgresHost,
): Promise<ConnectionOptions> {
  const { sslmode, parameters } = settings;
  const isFull = sslmode === "verify-full";
  if (isFull && host === "") throw fileError("sslmode is verify-full, but no host is named");
  const ca = await rootCertificates(settings);
  const { ssl_min_protocol_version, ssl_max_protocol_version } = parameters;
  return {
    ...(ca !== undefined && ca !== "system" && { ca }),
    // Like libpq: if there are root certificates, the server's certificate is checked in every mode.
    rejectUnauthorized: ca !== undefined,
    // Deno's default compares with "localhost" if a socket is given.
    checkServerIdentity: (_, certificate) =>
      isFull ? checkServerIdentity(host, certificate) : undefined,
    ...(host !== "" && isIP(host) === 0 && parameters.sslsni !== "0" && { servername: host }),
    ...await clientCertificate(settings),
    ...(ssl_min_protocol_version && { minVersion: ssl_min_protocol_version as SecureVersion }),
    ...(ssl_max_protocol_version && { maxVersion: ssl_max_protocol_version as SecureVersion }),
  };
}

/** Root certificates. Undefined if there are none: every certificate is accepted. */
async function rootCertificates(
  { sslmode, parameters, env }: PostgresSettings,
): Promise<string | undefined> {
  const named = parameters.sslrootcert;
  if (named === "system") return "system";
  const path = named ?? homeFile(env, ".postgresql", "root.crt");
  const text = await tryRead(path);
  if (text !== undefined || !sslmode.startsWith("verify")) return text;
  if (named !== undefined) return await readNamed("sslrootcert", named);
  throw fileError(
    `sslmode is ${sslmode}, but there are no root certificates in ~/.postgresql/root.crt: name a ` +
      "file by sslrootcert, or write sslrootcert=system for those of the system",
  );
}

/** The client certificate with its key, if there is one. */
async function clientCertificate(
  { parameters, env }: PostgresSettings,
): Promise<{ cert: string; key: string } | undefined> {
  if (parameters.sslcertmode === "disable") return undefined;
  const { sslcert, sslkey, sslpassword } = parameters;
  const cert = sslcert === undefined
    ? await tryRead(homeFile(env, ".postgresql", "postgresql.crt"))
    : await readNamed("sslcert", sslcert);
  if (cert === undefined) return undefined;
  const path = sslkey ?? homeFile(env, ".postgresql", "postgresql.key") ?? "";
  const key = await readNamed("sslkey", path);
  if (!await isPrivate(path)) {
    throw fileError(`sslkey "${path}" can be read by others, so it is not used: chmod 600 it`);
  }
  return { cert, key: key.includes("ENCRYPTED") ? decrypt(key, path, sslpassword) : key };
}

/** Deno's TLS accepts only unencrypted keys. */
function decrypt(key: string, path: string, passphrase: string | undefined): string {
  try {
    return createPrivateKey({ key, ...(passphrase && { passphrase }) })
      .export({ type: "pkcs8", format: "pem" }) as string;
  } catch {
    throw fileError(`cannot decrypt sslkey "${path}": give its password by sslpassword`);
  }
}
