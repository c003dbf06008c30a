/**
 * Which refusals of AWS are about who asks.
 *
 * @module
 */

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
 * Says whether a refusal is about credentials or permissions, not about what was asked for.
 *
 * @param code The service's name for the error.
 * @returns `true` if somebody else might have been answered.
 */
export function isAccessCode(code: string): boolean {
  return ACCESS_CODES.has(code);
}
