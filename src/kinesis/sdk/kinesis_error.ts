import { noCredentials, RENEW } from "../../aws/credentials/no_credentials.ts";
import { isRetryable } from "../../aws/error_codes.ts";
import { UnexpectedResponse } from "../../aws/http/unexpected_response.ts";
import { connectionCodeOf, type SdkError, statusOf } from "../../aws/sdk_error.ts";
import { KinesisError } from "../../base/errors.ts";

/** Names of errors that are not from the service. */
const NAMELESS = new Set(["AggregateError", "Error", "SyntaxError", "TimeoutError", "Unknown"]);

/** What is known about a request that failed. */
export interface FailedRequest {
  /** Whether a retry may succeed anyway: the SDK has corrected its clock, say. */
  readonly mayPass?: boolean;
  /** The region that it was sent to. */
  readonly region?: string | undefined;
}

/** Where something was looked for in vain: the stream may be in another region. */
function whereOf(code: string, region: string | undefined): string {
  return code === "ResourceNotFoundException" && region !== undefined
    ? `; the region is ${region}`
    : "";
}

/**
 * Converts an error of the SDK to a `KinesisError`.
 *
 * A failure is retryable if it is throttling, a status of 500 or above, a lost, refused or slow
 * connection, a response that cannot be read, as from a proxy, or a wrong clock that the SDK has just
 * corrected. Refused credentials, missing streams, expired iterators and malformed requests are not.
 *
 * @param what What could not be done, as in `read from shard "shardId-000000000000"`.
 * @param request What is known about the request.
 * @returns The error to throw, with `thrown` as its cause.
 */
export function toKinesisError(
  what: string,
  thrown: unknown,
  { mayPass = false, region }: FailedRequest = {},
): KinesisError {
  if (thrown instanceof KinesisError) return thrown;
  const error = thrown as SdkError;
  const status = statusOf(error);
  const connectionCode = connectionCodeOf(error);
  const isUnreadable = isGoodStatus(status) && connectionCode === undefined &&
    !(error instanceof UnexpectedResponse);
  const code = isUnreadable
    ? "InvalidAnswer"
    : serviceCode(error) ?? connectionCode ?? statusCode(status) ?? "Unknown";
  return new KinesisError(
    `Cannot ${what}: ${describe(error, code, status)}${whereOf(code, region)}`,
    {
      code,
      retryable: connectionCode !== undefined || isRetryable(code, status) || mayPass,
      cause: thrown,
    },
  );
}

/** A status of success: an error that has it is about the body of the response. */
function isGoodStatus(status: number | undefined): boolean {
  return status !== undefined && status < 300; // as the SDK has it
}

/** The service's own name for the error; undefined if the response has none. */
function serviceCode(error: SdkError | undefined): string | undefined {
  const name = error?.name;
  return name === undefined || NAMELESS.has(name) ? undefined : name;
}

function statusCode(status: number | undefined): string | undefined {
  return status === undefined ? undefined : `HTTP ${status}`;
}

/** The reason in one line: the SDK adds hints about its own internals after the first. */
function describe(error: SdkError | undefined, code: string, status: number | undefined): string {
  const reason = String(error?.message ?? error).split("\n")[0]!.trim().replace(/\.$/, "");
  if (status !== undefined && code === `HTTP ${status}`) {
    const said = reason === "UnknownError" || reason === "" ? "" : ` (${reason})`;
    return `the service responded with status ${status}${said}`;
  }
  if (error instanceof UnexpectedResponse) return error.message;
  if (typeof error?.code === "string") return reason; // of the way there, and named in words
  if (isGoodStatus(status) && code === "InvalidAnswer") {
    return `the response with status ${status} cannot be read (${reason})`;
  }
  if (code === "CredentialsProviderError") return noCredentials(reason);
  if (reason === "" || reason === code) return code;
  const named = reason.includes(code) ? reason : `${code}: ${reason}`;
  return code.startsWith("ExpiredToken") ? `${named}; ${RENEW}` : named;
}
