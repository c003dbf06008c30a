/**
 * Turning what the AWS SDK throws into one kind of error.
 *
 * @module
 */

import { noCredentials } from "../../aws/credentials/no_credentials.ts";
import { isPassingCode, isPassingStatus } from "../../aws/error_codes.ts";
import { UnexpectedAnswer } from "../../aws/http/unexpected_answer.ts";
import { CONNECTION_CODES } from "../../base/connection_codes.ts";
import { KinesisError } from "../../base/errors.ts";

/** Names of errors that say nothing about what the service said. */
const NAMELESS = new Set(["AggregateError", "Error", "SyntaxError", "TimeoutError", "Unknown"]);

/** What the SDK hangs on the errors it throws. */
interface SdkError extends Error {
  readonly code?: unknown;
  readonly errors?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly statusCode?: number };
}

/**
 * Makes a `KinesisError` of an error that the SDK threw.
 *
 * A failure is worth another try if it is throttling, a status of 500 or above, a lost, refused or
 * slow connection, a good answer that cannot be read, as from a proxy, or a clock that the SDK has
 * just set right. Refused credentials, missing streams, expired iterators and malformed requests are
 * not.
 *
 * @param what What could not be done, as in `read from shard "shardId-000000000000"`.
 * @param thrown What the SDK threw.
 * @param mayPass Whether the refusal may pass: the SDK has set its clock right, say.
 * @returns The error to throw, with `thrown` as its cause.
 */
export function toKinesisError(what: string, thrown: unknown, mayPass = false): KinesisError {
  if (thrown instanceof KinesisError) return thrown;
  const error = thrown as SdkError;
  const status = error?.$metadata?.httpStatusCode ?? error?.$response?.statusCode;
  const connectionCode = findConnectionCode(error);
  const isUnreadable = isGoodStatus(status) && connectionCode === undefined &&
    !(error instanceof UnexpectedAnswer);
  const code = isUnreadable
    ? "InvalidAnswer"
    : serviceCode(error) ?? connectionCode ?? statusCode(status) ?? "Unknown";
  return new KinesisError(`Cannot ${what}: ${describe(error, code, status)}`, {
    code,
    retryable: isUnreadable || connectionCode !== undefined || isPassingCode(code) ||
      isPassingStatus(status) || mayPass,
    cause: thrown,
  });
}

/** A status that promises an answer: an error that has it is about the answer's body. */
function isGoodStatus(status: number | undefined): boolean {
  return status !== undefined && status < 300; // as the SDK has it
}

/** The service's own name for the error; undefined where the answer did not carry one. */
function serviceCode(error: SdkError | undefined): string | undefined {
  const name = error?.name;
  return name === undefined || NAMELESS.has(name) ? undefined : name;
}

function statusCode(status: number | undefined): string | undefined {
  return status === undefined ? undefined : `HTTP ${status}`;
}

/** Looks for a connection error in an error, in what caused it and in what it gathers. */
function findConnectionCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  const { code, errors } = error as SdkError;
  if (typeof code === "string" && CONNECTION_CODES.has(code)) return code;
  if (CONNECTION_CODES.has(error.name)) return error.name;
  const inner = [error.cause, ...(Array.isArray(errors) ? errors : [])];
  for (const next of inner) {
    const found = findConnectionCode(next, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The reason in one line: the SDK adds hints about its own internals after the first. */
function describe(error: SdkError | undefined, code: string, status: number | undefined): string {
  const reason = String(error?.message ?? error).split("\n")[0]!.trim().replace(/\.$/, "");
  if (status !== undefined && code === `HTTP ${status}`) {
    const said = reason === "UnknownError" || reason === "" ? "" : ` (${reason})`;
    return `the service answered with status ${status}${said}`;
  }
  if (error instanceof UnexpectedAnswer) return error.message;
  if (typeof error?.code === "string") return reason; // of the way there, and named in words
  if (isGoodStatus(status) && code === "InvalidAnswer") {
    return `the answer with status ${status} cannot be read (${reason})`;
  }
  if (code === "CredentialsProviderError") return noCredentials(reason);
  if (reason === "" || reason === code) return code;
  return reason.includes(code) ? reason : `${code}: ${reason}`;
}
