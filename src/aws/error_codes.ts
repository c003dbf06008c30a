/**
 * Which refusals of AWS pass by themselves.
 *
 * @module
 */

/** Throttling, failures inside a service, and conflicts with what else is being done. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "ConditionalRequestConflict",
  "InternalError",
  "InternalFailure",
  "InternalFailureException",
  "InternalServerError",
  "InvalidAnswer",
  "KMSThrottlingException",
  "LimitExceededException",
  "OperationAborted",
  "ProvisionedThroughputExceededException",
  "RequestTimeTooSkewed",
  "RequestTimeout",
  "RequestTimeoutException",
  "ResourceInUseException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "SlowDown",
  "TemporaryRedirect",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
]);

/** Says a server that does not know a header, such as `If-None-Match`, and never will. */
const NOT_IMPLEMENTED = 501;

/**
 * Says whether an error passes by itself: throttling, a failure inside the service, an answer that
 * is none.
 *
 * @param code The service's name for the error.
 * @returns `true` if the same request may succeed later.
 */
export function isPassingCode(code: string): boolean {
  return PASSING_CODES.has(code);
}

/**
 * Says whether an HTTP status passes by itself.
 *
 * @param status The status; undefined if there was no answer.
 * @returns `true` if the same request may succeed later.
 */
export function isPassingStatus(status: number | undefined): boolean {
  return status === 429 || (status ?? 0) >= 500 && status !== NOT_IMPLEMENTED;
}
