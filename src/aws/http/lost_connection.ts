/**
 * Names for what `fetch` throws.
 *
 * @module
 */

import { CONNECTION_CODES } from "../../base/connection_codes.ts";

/** What the texts of Deno's versions have in common, by the code that Node has for it. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/proxy authentication required/i, "ProxyAuthenticationRequired"],
  [/certificate|UnknownIssuer|NotValidForName|BadSignature/i, "CertificateError"],
  [/dns error|failed to lookup/i, "ENOTFOUND"],
  [/connection refused|actively refused/i, "ECONNREFUSED"],
  [/network is unreachable/i, "ENETUNREACH"],
  [/no route to host/i, "EHOSTUNREACH"],
  [/timed out/i, "ETIMEDOUT"],
  [/requests to port \d+ are blocked/i, "BlockedPort"],
];

/**
 * Gives an error of `fetch`, or of a body that it gave, a code.
 *
 * A lost connection is a `TypeError`, of which only the text says what happened, in other words in
 * each version. Whatever is not known by its text counts as a connection that was reset.
 *
 * @param error What was thrown.
 * @param host Where the request went.
 * @returns An error with a `code`: one of `CONNECTION_CODES`, or `CertificateError`,
 * `ProxyAuthenticationRequired` or `BlockedPort`.
 * What is no failure of the network, such as a missing permission, is returned as it is.
 */
export function nameLostConnection(error: unknown, host: string): unknown {
  if (!(error instanceof Error) || isOfThePlatform(error)) return error;
  const code = codeOf(error);
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  const named = new Error(sentence(code, text, host), { cause: error });
  return Object.assign(named, { code, name: code });
}

/** A missing permission, or a request that cannot be. */
function isOfThePlatform({ name, message }: Error): boolean {
  return name === "NotCapable" || name === "PermissionDenied" ||
    /^(Failed to construct|Invalid (URL|header))/i.test(message);
}

function codeOf(error: Error): string {
  const { cause } = error;
  for (const { code } of [error, cause ?? {}] as { code?: unknown }[]) {
    if (typeof code === "string" && CONNECTION_CODES.has(code)) return code; // as Node has it
  }
  const text = `${error.message} ${cause instanceof Error ? cause.message : ""}`;
  return TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? "ECONNRESET";
}

function sentence(code: string, text: string, host: string): string {
  // Deno puts the URL before it.
  const reason = text.replace(/^.*client error \(\w+\): /s, "");
  if (code === "CertificateError") {
    return `the certificate of ${host} is not trusted (${reason}); ` +
      "if a CA of your own signed it, set AWS_CA_BUNDLE to a file with that CA's certificate";
  }
  if (code === "ProxyAuthenticationRequired") {
    return `the proxy on the way to ${host} wants a user and password; ` +
      "set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT";
  }
  if (code === "BlockedPort") return `port of ${host} is one that fetch does not connect to`;
  if (code === "ECONNRESET") return `connection to ${host} lost (${reason})`;
  return `connect ${code} ${host}`;
}
