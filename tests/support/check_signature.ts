/**
 * Verifies the signature of a request by AWS's rules, for any headers and parameters.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @module
 */

import { createHash, createHmac } from "node:crypto";

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8}\/([^/]+)\/([^/]+)\/aws4_request), SignedHeaders=([^,]+), Signature=(.+)$/;

/** Returns what a request was signed with; throws if the signature is not that of `secret`. */
export function checkSignature(
  request: Request,
  secret: string,
): { readonly accessKeyId: string; readonly region: string } {
  const { headers, method, url } = request;
  const authorization = headers.get("authorization");
  const match = AUTHORIZATION.exec(authorization ?? "");
  if (match === null) throw new Error(`Cannot check the signature "${authorization}"`);
  const [, accessKeyId, scope, region, , names, signature] = match as unknown as string[];
  const unsigned = ["host", ...headers.keys()].filter((name) =>
    (name === "host" || name.startsWith("x-amz-")) && !names!.split(";").includes(name)
  );
  if (unsigned.length > 0) throw new Error(`Cannot accept a request with unsigned ${unsigned}`);
  const lines = names!.split(";").map((name) => `${name}:${headers.get(name)?.trim()}\n`).join("");
  const { pathname, searchParams } = new URL(url);
  searchParams.sort();
  const query = searchParams.toString()
    .replaceAll("+", "%20").replaceAll("*", "%2A").replaceAll("%7E", "~");
  const hash = headers.get("x-amz-content-sha256");
  const canonical = `${method}\n${pathname}\n${query}\n${lines}\n${names}\n${hash}`;
  const hashed = createHash("sha256").update(canonical).digest("hex");
  const text = `AWS4-HMAC-SHA256\n${headers.get("x-amz-date")}\n${scope}\n${hashed}`;
  let key: string | Uint8Array = `AWS4${secret}`;
  for (const part of scope!.split("/")) key = createHmac("sha256", key).update(part).digest();
  const right = createHmac("sha256", key).update(text).digest("hex");
  if (right !== signature) throw new Error(`Cannot accept the signature of ${method} ${pathname}`);
  return { accessKeyId: accessKeyId!, region: region! };
}
