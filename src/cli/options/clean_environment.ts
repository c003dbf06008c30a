/** Environment variables that Triton, the AWS SDK and the PostgreSQL driver use without trimming. */
const VARIABLES = [
  ...["CONFIG", "DB", "BUCKET", "CLIENT", "LOG"].map((name) => `TRITON_${name}`),
  ...[
    ...["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "REGION"],
    ...["DEFAULT_REGION", "CONFIG_FILE", "SHARED_CREDENTIALS_FILE", "CA_BUNDLE", "ENDPOINT_URL"],
    ...["ENDPOINT_URL_KINESIS", "ENDPOINT_URL_S3", "ENDPOINT_URL_STS", "ROLE_ARN"],
    ...["ROLE_SESSION_NAME", "WEB_IDENTITY_TOKEN_FILE", "CONTAINER_CREDENTIALS_FULL_URI"],
    ...["CONTAINER_CREDENTIALS_RELATIVE_URI", "CONTAINER_AUTHORIZATION_TOKEN"],
    ...["CONTAINER_AUTHORIZATION_TOKEN_FILE", "EC2_METADATA_DISABLED", "LOGIN_CACHE_DIRECTORY"],
  ].map((name) => `AWS_${name}`),
  ...[
    ...["HOST", "HOSTADDR", "PORT", "DATABASE", "USER", "PASSWORD", "PASSFILE", "SSLMODE"],
    ...["SSLROOTCERT", "SSLCERT", "SSLKEY", "CHANNELBINDING", "TARGETSESSIONATTRS"],
    ...["CONNECT_TIMEOUT", "APPNAME", "OPTIONS", "SERVICE"],
  ].map((name) => `PG${name}`),
  ...["ENDPOINT", "HEADERS", "METRICS_ENDPOINT", "METRICS_HEADERS", "PROTOCOL"].map((name) =>
    `OTEL_EXPORTER_OTLP_${name}`
  ),
  "NODE_EXTRA_CA_CERTS",
];

/** Variables with the name of the operating system's user. */
export const USER_VARIABLES = ["USER", "LOGNAME", "USERNAME"] as const;

/** The part of the process's environment that is used here. */
export interface ProcessEnvironment {
  /** Reads a variable; undefined if it is not set, or may not be read. */
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

/**
 * Removes line breaks at the end of values: secrets that were made with `echo`, or read from files,
 * would otherwise carry them into passwords, keys and headers.
 */
export function cutLineBreaks(env: ProcessEnvironment): void {
  for (const name of VARIABLES) {
    const value = env.get(name);
    const cut = value?.replace(/[\r\n]+$/, "");
    if (cut !== undefined && cut !== value) env.set(name, cut);
  }
}
