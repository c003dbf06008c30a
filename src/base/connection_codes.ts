import { ServiceError } from "./errors.ts";

/** Names and codes of lost, refused or slow connections, as Node and Deno spell them. */
export const CONNECTION_CODES: ReadonlySet<string> = new Set([
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "ECONNABORTED",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "ENETUNREACH",
  "ENOTFOUND", // a name server may be down, or the server not be registered yet
  "EPIPE",
  "ETIMEDOUT",
  "ERR_SOCKET_CLOSED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "BrokenPipe",
  "ConnectionAborted",
  "ConnectionRefused",
  "ConnectionReset",
  "NotConnected",
  "TimedOut",
  "TimeoutError",
  "UnexpectedEof",
]);

/** What sorts of failures are told apart. */
export const FAILURE_KINDS = ["throttling", "connection", "other"] as const;

/** A sort of failure. */
export type FailureKind = typeof FAILURE_KINDS[number];

/** Names that services have for "slower, please". */
const THROTTLING = /Throttl|ProvisionedThroughputExceeded|SlowDown|TooManyRequests|LimitExceeded/;

/** What sort of failure an error is, in one word. */
export function kindOf(error: unknown): FailureKind {
  const code = error instanceof ServiceError ? error.code : "";
  if (THROTTLING.test(code) || code === "HTTP 429") return "throttling";
  return CONNECTION_CODES.has(code) ? "connection" : "other";
}
