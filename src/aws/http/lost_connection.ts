import { CONNECTION_CODES } from "../../base/connection_codes.ts";

/** What the messages of Deno's versions have in common, and Node's code for it. */
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
 * Adds a code to an error of `fetch`, or of reading a body.
 *
 * A lost connection is a `TypeError`: only its message says what happened, and differs from version to
 * version. An unknown message counts as a connection that was reset.
 *
 * @returns An error with a `code`: one of `CONNECTION_CODES`, or `CertificateError`,
 * `ProxyAuthenticationRequired` or `BlockedPort`.
 * Other errors, such as a missing permission, are returned unchanged.
 */
export function nameLostConnection(error: unknown, host: string): unknown {
  if (!(error instanceof Error) || isOfThePlatform(error)) return error;
  const code = codeOf(error);
  const text = error.cause instanceof Error ? error.cause.message : error.message;
  const named = new Error(sentence(code, text, host), { cause: error });
  return Object.assign(named, { code, name: code });
}

/** Whether it is a missing permission, or an invalid request. */
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
      "if a private CA signed it, set AWS_CA_BUNDLE to a file with that CA's certificate";
  }
  if (code === "ProxyAuthenticationRequired") {
    return `the proxy on the way to ${host} requires a user and password; ` +
      "set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT";
  }
  if (code === "BlockedPort") return `fetch does not connect to the port of ${host}`;
  if (code === "ECONNRESET") return `connection to ${host} lost (${reason})`;
  const isLocal = code === "ECONNREFUSED" && LOOPBACK.test(host);
  return `connect ${code} ${host}${isLocal ? `: ${NOT_STARTED}` : ""}`;
}

/** The host of a server for trying things out. */
const LOOPBACK = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/;
const NOT_STARTED = "nothing listens there; start the local server, or change the endpoint";
