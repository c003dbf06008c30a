/**
 * The configuration file, which lists the streams.
 *
 * It is a YAML map from the names that you use to the streams in Kinesis:
 *
 * ```yaml
 * user_activity:
 *   name: user_activity_prod     # the stream's name in Kinesis
 *   partition_key: user_id       # the field of an event that picks its shard; only for putting
 *   region: us-west-1            # default: AWS_REGION, then the AWS profile's
 *   endpoint: http://localhost:4567   # default: AWS_ENDPOINT_URL_KINESIS
 *   archive:                     # for `triton store`; these win over its flags
 *     bucket: s3://triton-prod/clicks
 *     client: store              # default: --client-name
 *     rotate: 15m                # default: --rotate
 *     max_size: 64MiB            # default: --max-size
 *     from: 2026-09-01           # default: --from
 *     enabled: false             # not archived by --all-streams
 * ```
 *
 * Keys that begin with `x-` are yours, as in Docker Compose: for anchors that several streams merge,
 * say. At the top, one that has a `name` is a stream.
 *
 * {@linkcode checkConfig} finds every mistake, and {@linkcode configSchema} is the JSON Schema for
 * editors.
 *
 * @module
 */

export { ConfigError, type ConfigErrorOptions, TritonError } from "../base/errors.ts";
export type {
  BucketSettings,
  EndpointSettings,
  RequestSettings,
  ServerSideEncryption,
} from "../base/settings/bucket_settings.ts";
export {
  Config,
  loadConfig,
  type LoadConfigOptions,
  parseConfig,
  type ParseConfigOptions,
} from "./config.ts";
export type { ArchiveSettings } from "./archive_settings.ts";
export {
  checkConfig,
  type CheckConfigOptions,
  type ConfigProblem,
  type ConfigReport,
} from "./check_config.ts";
export { configSchema } from "./json_schema.ts";
export type { JsonSchema } from "./setting_docs.ts";
export type { FirstPosition } from "../base/settings/start_position.ts";
export type { StreamConfig } from "./stream.ts";
