/**
 * Errors of S3 and of the way there, as errors of an object store.
 *
 * @module
 */

import { noCredentials } from "../../aws/credentials/no_credentials.ts";
import { isPassingCode, isPassingStatus } from "../../aws/error_codes.ts";
import { UnexpectedAnswer } from "../../aws/http/unexpected_answer.ts";
import { CONNECTION_CODES } from "../../base/connection_codes.ts";
import { ObjectStoreError, TritonError } from "../../base/errors.ts";

/** What people should do about errors whose own message does not say. */
const ADVICE: Readonly<Record<string, string>> = {
  AccessDenied: "access denied; check the policy of these credentials",
  Forbidden: "access denied; check the policy of these credentials",
  NoSuchBucket: "there is no such bucket",
  NoSuchKey: "there is no such object",
  InvalidObjectState: "it is in cold storage (Glacier); restore it first, with " +
    "`aws s3api restore-object`",
  PermanentRedirect: "the bucket is in another region; set AWS_REGION to it",
};

/** What the SDK's errors have in common. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  /** Whose fault an error is that S3 has named. */
  readonly $fault?: "client" | "server";
  /** The answer. */
  readonly $response?: { readonly statusCode?: number };
}

/** The HTTP status behind an error; undefined if there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const { $metadata, $response } = (error ?? {}) as SdkError;
  return $metadata?.httpStatusCode ?? $response?.statusCode;
}

/** Whether S3 says that a key is taken, and not somebody else who answers with that status. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412 && !(error instanceof UnexpectedAnswer);
}

/** How servers refuse what they do not know. */
const REFUSALS: ReadonlySet<string> = new Set([
  "InvalidArgument",
  "InvalidRequest",
  "MalformedRequest",
  "NotImplemented",
]);

/** Whether a server may have refused a request for its checksum. */
export function mayRefuseChecksum(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== 400 && status !== 501) return false;
  return REFUSALS.has(codeOf(error as SdkError)) || /checksum/i.test(messageOf(error as SdkError));
}

/**
 * Makes an {@linkcode ObjectStoreError} of what the SDK threw.
 *
 * @param what What could not be done, such as `"Cannot get s3://bucket/key"`.
 * @param error What was thrown.
 * @param mayPass Whether the SDK has set its clock right since it sent the request: the answer to
 * a HEAD does not say that this was what was wrong.
 * @returns The error to throw; one of Triton's own is returned as it is.
 */
export function s3Error(what: string, error: unknown, mayPass = false): unknown {
  if (error instanceof TritonError) return error;
  const code = codeOf(error as SdkError);
  const status = statusOf(error);
  const retryable = isPassingCode(code) || CONNECTION_CODES.has(code) || isPassingStatus(status) ||
    mayPass;
  const says = messageOf(error as SdkError);
  const why = code === "CredentialsProviderError"
    ? noCredentials(says)
    : ADVICE[code] ?? (says || code);
  return new ObjectStoreError(`${what}: ${why}`, { code, retryable, cause: error });
}

/** The system's code where there is one: the SDK calls every lost connection a TimeoutError. */
function codeOf(error: SdkError): string {
  if (typeof error?.code === "string") return error.code;
  if (isUnreadable(error)) return "InvalidAnswer";
  const status = statusOf(error);
  // HEAD has no body to say more in, and the SDK makes up names for it.
  if (status === 403 && (error.name === "403" || error.name === "Unknown")) return "AccessDenied";
  if (status === 301 && error.name !== "TemporaryRedirect") return "PermanentRedirect";
  return error?.name ?? "Unknown";
}

/** Whether the SDK could not make sense of an answer: all that S3 says has a `$fault`. */
function isUnreadable(error: SdkError): boolean {
  return error?.$response !== undefined && error.$fault === undefined;
}

function messageOf(error: SdkError): string {
  if (isUnreadable(error)) return `the answer with status ${statusOf(error)} cannot be read`;
  const message = error?.message ?? String(error);
  const status = statusOf(error);
  const says = message === "UnknownError" || message === "Unknown" ? "" : message;
  return says || (status === undefined ? "" : `HTTP status ${status}`);
}
