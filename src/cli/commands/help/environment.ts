/** What `triton help environment` prints. */
export const text = `\
Options go before the environment.

  TRITON_CONFIG   the file that names the streams (--config)
  TRITON_BUCKET   where the archives are (--bucket)
  TRITON_DB       the database of positions (--checkpoint-db)
  TRITON_CLIENT   the client's name (--client-name)
  TRITON_LISTEN   where store shows status and metrics, and health asks (--listen)
  TRITON_LOG      the log's level (debug, info, warning, error), its format (text, json), or both:
                  debug,json (--log-level, --log-format)
  TRITON_STOP_TIMEOUT
                  how long the end of store may take (--stop-timeout)
  NO_COLOR        no colours on a terminal, if it is set to anything

Credentials, regions and endpoints of AWS are found where its SDK always looks: the environment,
profiles, then the roles of tasks and instances.

  AWS_REGION                  where the configuration names none
  AWS_PROFILE                 the section of ~/.aws/config and ~/.aws/credentials
  AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
  AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL
                              local servers, and endpoints of a VPC
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS
                              passes over the three before it and those of the profile

What a PostgreSQL URL does not say is taken from psql's variables: PGHOST, PGPORT, PGUSER,
PGDATABASE, PGPASSWORD, PGPASSFILE, PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY,
PGCHANNELBINDING, PGCONNECT_TIMEOUT, PGTARGETSESSIONATTRS, PGOPTIONS and others. PGSERVICE is
refused.

Metrics go to an OpenTelemetry collector with OTEL_DENO=true, and then as these say:
  OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT,
  OTEL_METRIC_EXPORT_INTERVAL, OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME

HTTP_PROXY, HTTPS_PROXY and NO_PROXY are obeyed, and these files of certificates are trusted beside
the usual ones: AWS_CA_BUNDLE or the profile's ca_bundle, NODE_EXTRA_CA_CERTS, SSL_CERT_FILE.

The values of AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and PGPASSWORD are never printed.
`;
