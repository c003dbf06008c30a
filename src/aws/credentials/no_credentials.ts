/** What the AWS SDK says if nothing was found; other reasons are more specific. */
const NOTHING_FOUND = /^(Could not load credentials from any providers|)$/;

/** Reasons that include what to do. */
const COMPLETE = /^(there is no AWS profile|the AWS profile) /;

/**
 * Describes why there are no AWS credentials, and what to do.
 *
 * @param reason What the SDK says, such as that the session of a profile has expired.
 */
export function noCredentials(reason: string): string {
  if (COMPLETE.test(reason)) return reason;
  const why = NOTHING_FOUND.test(reason) ? "" : ` (${reason})`;
  return `no AWS credentials found${why}; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and ` +
    "AWS_SECRET_ACCESS_KEY";
}

/** What to do about credentials that were valid once. */
export const RENEW =
  "get new credentials, such as by aws sso login, or set AWS_PROFILE to a profile that has them";
