/**
 * What the errors of the AWS SDK have in common.
 *
 * @module
 */

import { CONNECTION_CODES } from "../base/connection_codes.ts";

/** An error that the SDK throws. */
export interface SdkError extends Error {
  /** The system's name for a lost connection. */
  readonly code?: unknown;
  /** The errors of an `AggregateError`. */
  readonly errors?: unknown;
  /** Whose fault it is, if the service has named the error. */
  readonly $fault?: "client" | "server";
  /** The status of a response that the SDK understood. */
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/** The HTTP status behind an error; undefined if there was no response. */
export function statusOf(error: unknown): number | undefined {
  const { $metadata, $response } = (error ?? {}) as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** The code of a lost connection, in an error, its causes or the errors it gathers. */
export function connectionCodeOf(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  const { code, errors } = error as SdkError;
  if (typeof code === "string" && CONNECTION_CODES.has(code)) return code;
  if (CONNECTION_CODES.has(error.name)) return error.name;
  const inner = [error.cause, ...(Array.isArray(errors) ? errors : [])];
  for (const next of inner) {
    const found = connectionCodeOf(next, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
