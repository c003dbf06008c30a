import { noCredentials } from "../../aws/credentials/no_credentials.ts";
import { isRetryable } from "../../aws/error_codes.ts";
import { UnexpectedResponse } from "../../aws/http/unexpected_response.ts";
import { type SdkError, statusOf } from "../../aws/sdk_error.ts";
import { ObjectStoreError, TritonError } from "../../base/errors.ts";
import type { RequestSettings } from "../../base/settings/bucket_settings.ts";
import { adviceOn } from "./s3_advice.ts";

/** What is known about a request that failed. */
export interface FailedRequest {
  /**
   * Whether a retry may succeed anyway: the SDK has corrected its clock since it sent the request, say.
   * The response to a HEAD does not say that the clock was wrong.
   */
  readonly mayPass?: boolean;
  /** What was sent with it. */
  readonly settings?: RequestSettings;
}

/** Whether S3, and not a proxy that uses the same status, says that the key exists. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412 && !(error instanceof UnexpectedResponse);
}

/** Codes with which servers refuse what they do not support. */
const REFUSALS: ReadonlySet<string> = new Set([
  "InvalidArgument",
  "InvalidRequest",
  "MalformedRequest",
  "NotImplemented",
]);

/** Whether a server may have refused a request because of its checksum. */
export function mayRefuseChecksum(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== 400 && status !== 501) return false;
  return REFUSALS.has(codeOf(error as SdkError)) || /checksum/i.test(messageOf(error as SdkError));
}

/**
 * Converts an error of the SDK to an {@linkcode ObjectStoreError}.
 *
 * @param what What cannot be done, such as `"Cannot get s3://bucket/key"`.
 * @param request What is known about the request.
 * @returns The error to throw; one of Triton's own is returned unchanged.
 */
export function s3Error(
  what: string,
  error: unknown,
  { mayPass = false, settings = {} }: FailedRequest = {},
): unknown {
  if (error instanceof TritonError) return error;
  const code = codeOf(error as SdkError);
  const status = statusOf(error);
  const retryable = isRetryable(code, status) || mayPass;
  const message = messageOf(error as SdkError);
  const why = code === "CredentialsProviderError"
    ? noCredentials(message)
    : adviceOn({ code, message, storageClass: storageClassOf(error) }, settings) ??
      (message || code);
  return new ObjectStoreError(`${what}: ${why}`, { code, retryable, cause: error });
}

/** The system's code, if there is one: the SDK calls every lost connection a TimeoutError. */
function codeOf(error: SdkError): string {
  if (typeof error?.code === "string") return error.code;
  if (isUnreadable(error)) return "InvalidAnswer";
  const status = statusOf(error);
  // The response to HEAD has no body, and the SDK makes up names for it.
  if (status === 403 && (error.name === "403" || error.name === "Unknown")) return "AccessDenied";
  if (status === 301 && error.name !== "TemporaryRedirect") return "PermanentRedirect";
  return error?.name ?? "Unknown";
}

/** The storage class that S3 names when an object must be restored. */
function storageClassOf(error: unknown): string | undefined {
  const { StorageClass } = (error ?? {}) as { readonly StorageClass?: unknown };
  return typeof StorageClass === "string" ? StorageClass : undefined;
}

/** Whether the SDK could not read the response: all errors of S3 have a `$fault`. */
function isUnreadable(error: SdkError): boolean {
  return error?.$response !== undefined && error.$fault === undefined;
}

function messageOf(error: SdkError): string {
  if (isUnreadable(error)) return `the response with status ${statusOf(error)} cannot be read`;
  const message = error?.message ?? String(error);
  const status = statusOf(error);
  const isUnknown = message === "UnknownError" || message === "Unknown";
  return !isUnknown && message || (status === undefined ? "" : `HTTP status ${status}`);
}
