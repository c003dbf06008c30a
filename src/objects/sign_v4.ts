/**
 * Signature Version 4 of requests without a body.
 *
 * The SDK's signer derives half of it anew for every request, and copies the client's whole
 * configuration to do so. What stays the same for a day is kept here.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @module
 */

import { Buffer } from "node:buffer";
import { createHash, type Hash } from "node:crypto";

/** Keys to sign with. */
export interface SigningKeys {
  /** The access key's id. */
  readonly accessKeyId: string;
  /** The access key's secret. */
  readonly secretAccessKey: string;
  /** The token of a session, if it is one. */
  readonly sessionToken?: string | undefined;
}

/** What is signed: a request without parameters and without a body. */
export interface SignableRequest {
  /** `GET` or `HEAD`. */
  readonly method: string;
  /** The path, percent-encoded. */
  readonly path: string;
  /** The host, with the port unless it is the protocol's own. */
  readonly host: string;
}

/** SHA-256 of no bytes. */
const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Signs requests to one service in one region. */
export class SignerV4 {
  readonly #region: string;
  readonly #service: string;
  /** The key derived last, and what it was derived from. */
  #derived: { readonly from: string; readonly key: HmacKey } | undefined;

  constructor(scope: { readonly region: string; readonly service: string }) {
    this.#region = scope.region;
    this.#service = scope.service;
  }

  /**
   * Signs a request.
   *
   * @param request What is signed.
   * @param keys Keys to sign with.
   * @param now The time by the service's clock, in milliseconds since the Unix epoch.
   * @returns The headers to send with it, `host` included.
   */
  sign(request: SignableRequest, keys: SigningKeys, now: number): Record<string, string> {
    const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
    const day = time.slice(0, 8);
    const headers: Record<string, string> = {
      host: request.host,
      "x-amz-content-sha256": EMPTY_SHA256,
      "x-amz-date": time,
    };
    if (keys.sessionToken) headers["x-amz-security-token"] = keys.sessionToken;
    const names = Object.keys(headers).join(";"); // in their order, as it must be
    const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join("");
    const canonical = `${request.method}\n${request.path}\n\n${lines}\n${names}\n${EMPTY_SHA256}`;
    const scope = `${day}/${this.#region}/${this.#service}/aws4_request`;
    const hash = sha256(canonical).digest("hex");
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`;
    const signature = hmac(this.#key(keys, day), text).digest("hex");
    headers.authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, ` +
      `SignedHeaders=${names}, Signature=${signature}`;
    return headers;
  }

  /** The key of a day: the same for all requests until midnight in UTC. */
  #key(keys: SigningKeys, day: string): HmacKey {
    const from = `${day} ${keys.secretAccessKey}`;
    if (this.#derived?.from !== from) {
      const key = [day, this.#region, this.#service, "aws4_request"].reduce(
        (key, part) => hmacKey(hmac(key, part).digest()),
        hmacKey(Buffer.from(`AWS4${keys.secretAccessKey}`)),
      );
      this.#derived = { from, key };
    }
    return this.#derived.key;
  }
}

/** Bytes of a block of SHA-256. */
const BLOCK = 64;

/** A key of HMAC-SHA-256, as it is hashed before the text and before the text's hash. */
interface HmacKey {
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;
}

function hmacKey(key: Uint8Array): HmacKey {
  const padded = new Uint8Array(BLOCK);
  padded.set(key.length > BLOCK ? sha256(key).digest() : key);
  return { inner: padded.map((byte) => byte ^ 0x36), outer: padded.map((byte) => byte ^ 0x5c) };
}

/** HMAC-SHA-256: Deno 2.4's own `createHmac` prints a warning about itself. */
function hmac({ inner, outer }: HmacKey, text: string): Hash {
  return sha256(outer).update(sha256(inner).update(text).digest());
}

function sha256(first: string | Uint8Array): Hash {
  return createHash("sha256").update(first);
}
