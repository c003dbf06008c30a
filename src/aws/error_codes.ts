import { CONNECTION_CODES } from "../base/connection_codes.ts";

/** Throttling, failures inside a service, and conflicts with concurrent requests. */
const RETRYABLE_CODES: ReadonlySet<string> = new Set([
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

/** The status of a server that does not know a header, such as `If-None-Match`, and never will. */
const NOT_IMPLEMENTED = 501;

/**
 * Whether a request may be retried: after throttling, a failure inside the service, a response that
 * cannot be read, a lost connection.
 *
 * @param code The service's name for the error, or the system's name for a lost connection.
 * @param status The HTTP status; undefined if there was no response.
 * @returns `true` if the same request may succeed later.
 */
export function isRetryable(code: string, status?: number): boolean {
  return RETRYABLE_CODES.has(code) || CONNECTION_CODES.has(code) || status === 429 ||
    (status ?? 0) >= 500 && status !== NOT_IMPLEMENTED;
}

const ACCESS_CODES: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "HTTP 401",
  "HTTP 403",
  "IncompleteSignature",
  "IncompleteSignatureException",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "KMSAccessDeniedException",
  "MissingAuthenticationToken",
  "MissingAuthenticationTokenException",
  "NotAuthorized",
  "OptInRequired",
  "SignatureDoesNotMatch",
  "UnauthorizedOperation",
  "UnrecognizedClientException",
]);

/**
 * Whether a refusal is about credentials or permissions, not about the request itself.
 *
 * @param code The service's name for the error.
 * @returns `true` if the same request may succeed with other credentials.
 */
export function isAccessCode(code: string): boolean {
  return ACCESS_CODES.has(code);
}
