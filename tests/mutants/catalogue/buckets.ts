import type { Mutant } from "../mutant.ts";

const SETTINGS = "src/base/settings";
const S3 = "src/objects/s3";
const TESTS = {
  settings: ["tests/base/settings/bucket_settings_test.ts"],
  url: ["tests/base/settings/bucket_url_test.ts"],
  requests: ["tests/objects/s3/request_settings_test.ts"],
  client: ["tests/objects/s3/s3_client_test.ts"],
  responses: ["tests/objects/s3/s3_responses_test.ts"],
  flags: ["tests/cli/options/bucket_flags_test.ts"],
};

/** Wrong changes to how buckets are used. */
export const BUCKET_MUTANTS: readonly Mutant[] = [
  {
    breaks: "a key of KMS needs an encryption by KMS",
    file: `${SETTINGS}/check_bucket_settings.ts`,
    find: "if (sseKmsKeyId !== undefined && !isKms) {",
    replace: "if (sseKmsKeyId !== undefined && sse === undefined) {",
    tests: TESTS.settings,
  },
  {
    breaks: "the key of one encryption is not used for another one",
    file: `${SETTINGS}/check_bucket_settings.ts`,
    find: "if (settings.sse === undefined) return merged;",
    replace: "if (settings !== undefined) return merged;",
    tests: TESTS.settings,
  },
  {
    breaks: "objects that cannot be read at once are not written",
    file: `${SETTINGS}/bucket_values.ts`,
    find: "if (COLD.has(text)) {",
    replace: "if (COLD.has(text.toLowerCase())) {",
    tests: TESTS.settings,
  },
  {
    breaks: "a multi-region access point is refused",
    file: `${SETTINGS}/bucket_url.ts`,
    find: "if (MULTI_REGION.test(arn)) {",
    replace: "if (MULTI_REGION.test(name ?? '')) {",
    tests: TESTS.url,
  },
  {
    breaks: "the payer is sent with each request",
    file: `${S3}/request_fields.ts`,
    find: "const all = { ...bucket, RequestPayer: requestPayer };",
    replace: "const all = { ...bucket, RequestPayer: undefined as typeof requestPayer };",
    tests: TESTS.requests,
  },
  {
    breaks: "GetObject without the SDK has the headers of settings",
    file: `${S3}/object_getter.ts`,
    find: "return { request, folder, headers: Object.fromEntries(repeated), signer };",
    replace: "return { request, folder, headers: Object.fromEntries(repeated.slice(2)), signer };",
    tests: TESTS.requests,
  },
  {
    breaks: "an endpoint that is set overrides the environment's choice of AWS's",
    file: "src/aws/endpoint.ts",
    find: "if (endpoint) return NO_VARIANT;",
    replace: "if (!env) return NO_VARIANT;",
    tests: TESTS.client,
  },
  {
    breaks: "the region of an access point counts",
    file: `${S3}/s3_client.ts`,
    find: "const region = place.region || options.region ||",
    replace: "const region = options.region || place.region ||",
    tests: TESTS.client,
  },
  {
    breaks: "AWS's endpoints and one by its URL do not go together",
    file: `${S3}/check_reach.ts`,
    find: "if (endpoint && chosen !== undefined) {",
    replace: "if (endpoint === chosen && chosen !== undefined) {",
    tests: TESTS.client,
  },
  {
    breaks: "a put fails if the server ignores the encryption",
    file: `${S3}/s3_responses.ts`,
    find: "if (found === sse) return;",
    replace: "if (found !== undefined) return;",
    tests: TESTS.responses,
  },
  {
    breaks: "flags win for commands about one stream",
    file: "src/cli/options/bucket_flags.ts",
    find: "return checked(withDefaults(settingsOf(flags), archive));",
    replace: "return checked(withDefaults(archive, settingsOf(flags)));",
    tests: TESTS.flags,
  },
];
