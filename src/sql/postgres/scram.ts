/**
 * Logging in by SCRAM-SHA-256 (RFC 5802, RFC 7677), with and without channel binding (RFC 5929).
 *
 * The driver (3.4.9) does not support channel binding, which `channel_binding=require` requires.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** The two mechanisms; the first is bound to the TLS connection. */
export const SCRAM_PLUS = "SCRAM-SHA-256-PLUS";
export const SCRAM = "SCRAM-SHA-256";

/** One conversation. */
export interface ScramLogin {
  readonly mechanism: string;
  /** The first message of the client. */
  readonly first: string;
  /**
   * Answers the server's first message.
   *
   * @returns The client's last message, and what checks the server's.
   */
  answer(serverFirst: string): Promise<{ readonly last: string; check(serverLast: string): void }>;
}

/**
 * Begins to log in.
 *
 * @param binding The hash of the server's certificate, to bind the login to the connection;
 * `"unbound"` where the server does not offer that, though we could; undefined where we cannot.
 */
export function beginScram(
  password: string,
  binding: Uint8Array | "unbound" | undefined,
): ScramLogin {
  const isBound = binding instanceof Uint8Array;
  const header = isBound ? "p=tls-server-end-point,," : binding === "unbound" ? "y,," : "n,,";
  const nonce = randomBytes(18).toString("base64");
  const bare = `n=,r=${nonce}`; // the server knows the user already
  return {
    mechanism: isBound ? SCRAM_PLUS : SCRAM,
    first: header + bare,
    async answer(serverFirst) {
      const { r, s, i } = attributes(serverFirst);
      if (!r?.startsWith(nonce) || s === undefined || !(Number(i) > 0)) throw cheated();
      const salted = await promisify(pbkdf2)(
        ...[password.normalize("NFKC"), Buffer.from(s, "base64"), Number(i), 32, "sha256"] as const,
      );
      const bound = Buffer.concat([Buffer.from(header), isBound ? binding : Buffer.alloc(0)]);
      const withoutProof = `c=${bound.toString("base64")},r=${r}`;
      const signed = `${bare},${serverFirst},${withoutProof}`;
      const clientKey = hmac(salted, "Client Key");
      const signature = hmac(createHash("sha256").update(clientKey).digest(), signed);
      const proof = Buffer.from(clientKey.map((byte, index) => byte ^ signature[index]!));
      return {
        last: `${withoutProof},p=${proof.toString("base64")}`,
        check(serverLast) {
          const theirs = Buffer.from(attributes(serverLast).v ?? "", "base64");
          const ours = hmac(hmac(salted, "Server Key"), signed);
          if (theirs.length !== ours.length || !timingSafeEqual(theirs, ours)) throw cheated();
        },
      };
    },
  };
}

function attributes(message: string): Record<string, string | undefined> {
  return Object.fromEntries(message.split(",").map((part) => [part[0], part.slice(2)]));
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function cheated(): Error {
  return Object.assign(
    new Error("the server does not prove that it knows the password: it may be another one"),
    { code: "SASL_SIGNATURE_MISMATCH" },
  );
}

/** Hash functions by the signature algorithms of certificates, whose weak ones count as SHA-256. */
const HASHES: Readonly<Record<string, string>> = {
  "2a864886f70d010104": "sha256", // MD5 with RSA
  "2a864886f70d010105": "sha256", // SHA-1 with RSA
  "2a864886f70d01010b": "sha256",
  "2a864886f70d01010c": "sha384",
  "2a864886f70d01010d": "sha512",
  "2a8648ce3d0401": "sha256", // SHA-1 with ECDSA
  "2a8648ce3d040302": "sha256",
  "2a8648ce3d040303": "sha384",
  "2a8648ce3d040304": "sha512",
};

/**
 * The hash of a certificate that binds a login to a connection (`tls-server-end-point`).
 *
 * @param certificate In DER.
 * @returns Undefined where the certificate's signature names no hash function (Ed25519, RSA-PSS).
 */
export function certificateHash(certificate: Uint8Array): Buffer | undefined {
  // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OID ... } ... }
  const outer = derContent(certificate, 0);
  const signed = derContent(certificate, outer.start);
  const algorithm = derContent(certificate, signed.end);
  const name = derContent(certificate, algorithm.start);
  const hash = HASHES[Buffer.from(certificate.subarray(name.start, name.end)).toString("hex")];
  return hash === undefined ? undefined : createHash(hash).update(certificate).digest();
}

/** Where the content of a DER value begins and ends. */
function derContent(bytes: Uint8Array, at: number): { start: number; end: number } {
  const first = bytes[at + 1] ?? 0;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const start = at + 2 + (first & 0x7f);
  const length = bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return { start, end: start + length };
}
