/** What `triton help environment` prints. */
export const text = `\
Options override the environment.

  TRITON_CONFIG   configuration file (--config)
  TRITON_BUCKET   location of the archive (--bucket)
  TRITON_DB       database that stores the positions (--checkpoint-db)
  TRITON_CLIENT   name of the client (--client-name)
  TRITON_LISTEN   address where store serves status and metrics, and health checks it (--listen)
  TRITON_LOG      level of the log (debug, info, warning, error), its format (text, json), or both:
                  debug,json (--log-level, --log-format)
  TRITON_STOP_TIMEOUT
                  how long store may take to stop (--stop-timeout)
  NO_COLOR        disables colours on a terminal, if set to any value

Credentials, regions and endpoints come from the same sources as for the AWS SDK: the environment,
profiles, then the roles of tasks and instances.

  AWS_REGION                  default region, if the configuration has none
  AWS_PROFILE                 profile in ~/.aws/config and ~/.aws/credentials
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
  AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL
                              local servers and VPC endpoints
  AWS_USE_DUALSTACK_ENDPOINT, AWS_USE_FIPS_ENDPOINT
                              "true": AWS's endpoints for IPv6, and for FIPS 140, of S3 and Kinesis
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
                              ignores the three variables above and the endpoints of the profile

What a PostgreSQL URL does not set comes from the variables of psql: PGHOST, PGPORT, PGUSER,
PGDATABASE, PGPASSWORD, PGPASSFILE, PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY,
PGCHANNELBINDING, PGCONNECT_TIMEOUT, PGTARGETSESSIONATTRS, PGOPTIONS and others. PGSERVICE is
an error.

With OTEL_DENO=true, metrics are sent to an OpenTelemetry collector, which these variables set:
  OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
  OTEL_METRIC_EXPORT_INTERVAL, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME

HTTP_PROXY, HTTPS_PROXY and NO_PROXY work as usual. Certificates in these files are trusted in
addition to the usual ones: AWS_CA_BUNDLE or the profile's ca_bundle, NODE_EXTRA_CA_CERTS,
SSL_CERT_FILE.

The values of AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and PGPASSWORD are never printed.
`;
