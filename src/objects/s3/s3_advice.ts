import { RENEW } from "../../aws/credentials/no_credentials.ts";
import type { RequestSettings } from "../../base/settings/bucket_settings.ts";

/** What an error of S3 says, as far as it decides what to do. */
export interface S3Refusal {
  /** S3's name for the error. */
  readonly code: string;
  /** S3's words, which may be empty. */
  readonly message: string;
  /** The storage class of an object that must be restored. */
  readonly storageClass?: string | undefined;
}

/** What to do about errors whose own message does not say. */
const ADVICE: Readonly<Record<string, (refusal: S3Refusal, settings: RequestSettings) => string>> =
  {
    AccessDenied: accessDenied,
    ExpiredToken: () => `the credentials have expired; ${RENEW}`,
    Forbidden: accessDenied,
    NoSuchBucket: () => "there is no such bucket",
    NoSuchKey: () => "there is no such object",
    InvalidObjectState: inColdStorage,
    InvalidStorageClass: (_, { storageClass }) =>
      `the bucket has no storage class ${storageClass ?? "of that name"}; choose another ` +
      "--storage-class",
    AccessControlListNotSupported: () =>
      "the bucket does not allow ACLs; leave out --acl, or use bucket-owner-full-control",
    PermanentRedirect: () => "the bucket is in another region; set AWS_REGION to it",
  };

/**
 * Says what to do about an error.
 *
 * @param settings What was sent with the request.
 * @returns Undefined if the error's own message is better.
 */
export function adviceOn(refusal: S3Refusal, settings: RequestSettings): string | undefined {
  return Object.hasOwn(ADVICE, refusal.code) ? ADVICE[refusal.code]!(refusal, settings) : undefined;
}

/** What S3 says is missing, if it says so: the action, and what it is for. */
const UNAUTHORIZED = /not authorized to perform: (\w+:\w+)(?: on (?:the )?resource: "?([^\s"]+))?/;

function accessDenied({ message }: S3Refusal, { expectedBucketOwner }: RequestSettings): string {
  const [, action, resource] = UNAUTHORIZED.exec(message) ?? [];
  if (action?.startsWith("kms:") || /\bkms\b/i.test(message)) {
    return `access denied to the KMS key; allow ${
      action ?? "kms:GenerateDataKey and kms:Decrypt"
    } ` +
      `on ${
        resource ?? "the key"
      } in the policy of these credentials, and in that of the key if it ` +
      "is in another account";
  }
  const owner = expectedBucketOwner === undefined
    ? ""
    : `, and whether the bucket belongs to account ${expectedBucketOwner} (--expected-bucket-owner)`;
  if (action === undefined) {
    return `access denied; check the policy of these credentials${owner}`;
  }
  return `access denied; allow ${action}${
    resource === undefined ? "" : ` on ${resource}`
  } in the ` +
    `policy of these credentials${owner}`;
}

function inColdStorage({ storageClass }: S3Refusal): string {
  const where = storageClass === undefined ? "in cold storage (Glacier)" : `in ${storageClass}`;
  // The archive tiers of Intelligent-Tiering give an object back for good.
  const request = storageClass === "INTELLIGENT_TIERING" ? "{}" : "Days=7";
  return `it is ${where}; restore it first, with \`aws s3api restore-object --restore-request ` +
    `${request}\``;
}
