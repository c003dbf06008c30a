import { ConfigError } from "../base/errors.ts";
import { isArn, parseStreamArn } from "../base/settings/stream_arn.ts";
import { closest, quotedList } from "../base/suggest.ts";
import { readConfigFile } from "./config_file.ts";
import { readStreams, type StreamConfig } from "./stream.ts";
import { inOrder, type Problem, YamlText } from "./yaml.ts";

/** An error lists at most this many mistakes. */
const MAX_LISTED = 20;

/** Options of {@linkcode loadConfig}. */
export interface LoadConfigOptions {
  /** Environment variables: `AWS_REGION` is the default region. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * The current time, in milliseconds since the Unix epoch: `from` may not be later. Default: that is
   * not checked.
   */
  readonly now?: number | undefined;
}

/** Options of {@linkcode parseConfig}. */
export interface ParseConfigOptions extends LoadConfigOptions {
  /** Path of the file that contains the text, for error messages. */
  readonly path?: string | undefined;
}

/** The configured streams, by the names that you use; see {@linkcode parseConfig}. */
export class Config {
  /** Path of the configuration file; undefined if there is none. */
  readonly path: string | undefined;
  readonly #streams: ReadonlyMap<string, StreamConfig>;

  /**
   * Creates a configuration without a file.
   *
   * @param streams The streams; if two have the same logical name, the last one counts.
   * @param options `path` of the configuration file, for error messages.
   */
  constructor(streams: Iterable<StreamConfig>, options: { readonly path?: string } = {}) {
    this.path = options.path;
    this.#streams = new Map([...streams].map((stream) => [stream.logicalName, stream]));
  }

  /** All streams, in the order of the file. */
  get streams(): StreamConfig[] {
    return [...this.#streams.values()];
  }

  /**
   * Looks up a stream.
   *
   * @param logicalName Its name in the configuration, which is not its name in Kinesis; or its ARN, and
   * then the configuration need not have it.
   * @returns The configuration of the stream.
   * @throws {ConfigError} If there is no such stream; the message lists the known ones.
   */
  stream(logicalName: string): StreamConfig {
    const stream = this.#streams.get(logicalName);
    if (stream !== undefined) return stream;
    if (isArn(logicalName)) return this.#byArn(logicalName);
    throw new ConfigError(
      `Unknown stream "${logicalName}": ${this.#helpWith(logicalName)}`,
      { path: this.path },
    );
  }

  /**
   * Looks up the field whose value picks the shard of an event.
   *
   * @param logicalName Name of a stream in the configuration.
   * @returns The stream's `partition_key`.
   * @throws {ConfigError} If there is no such stream, or it has no `partition_key`.
   */
  partitionKey(logicalName: string): string {
    const { partitionKey } = this.stream(logicalName);
    if (partitionKey !== undefined) return partitionKey;
    throw new ConfigError(
      `Cannot put events to stream "${logicalName}": add "partition_key: <a field of the events>"`,
      { path: this.path },
    );
  }

  /** What the configuration says of the stream with an ARN, if it has it. */
  #byArn(text: string): StreamConfig {
    try {
      const arn = parseStreamArn(text);
      const known = this.streams.find((one) =>
        one.name === arn.name && one.region === arn.region && (one.arn ?? text) === text
      );
      return Object.freeze({ logicalName: arn.name, ...known, ...arn });
    } catch (cause) {
      throw new ConfigError((cause as RangeError).message, { path: this.path, cause });
    }
  }

  #helpWith(logicalName: string): string {
    const byKinesisName = this.streams.find(({ name }) => name === logicalName)?.logicalName;
    const meant = byKinesisName ?? closest(logicalName, this.#streams.keys());
    return meant === undefined
      ? `the configuration has ${quotedList([...this.#streams.keys()])}`
      : `did you mean "${meant}"?`;
  }
}

/**
 * Reads a configuration from YAML text.
 *
 * @example Usage
 * ```ts
 * import { parseConfig } from "@triton/triton/config";
 * import { equal } from "node:assert/strict";
 *
 * const config = parseConfig(`
 * user_activity:
 *   name: user_activity_prod
 *   partition_key: user_id
 * `);
 * equal(config.stream("user_activity").name, "user_activity_prod");
 * equal(config.stream("user_activity").partitionKey, "user_id");
 * ```
 *
 * @example A mistake
 * ```ts
 * import { ConfigError, parseConfig } from "@triton/triton/config";
 * import { equal, throws } from "node:assert/strict";
 *
 * const text = "user_activity:\n  name: user_activity_prod\n  partition-key: user_id\n";
 * throws(() => parseConfig(text, { path: "triton.yaml" }), (error: ConfigError) => {
 *   equal(
 *     error.message,
 *     'triton.yaml:3:3: Unknown key "partition-key" in stream "user_activity": ' +
 *       'did you mean "partition_key"?',
 *   );
 *   return error.line === 3;
 * });
 * ```
 * @param text The configuration.
 * @param options The path of the file, and the environment with defaults.
 * @returns The validated configuration.
 * @throws {ConfigError} If anything is wrong. Its place is that of the first mistake, and its message
 * has a line for each of the others.
 */
export function parseConfig(text: string, options: ParseConfigOptions = {}): Config {
  const yaml = new YamlText(text);
  const streams = readStreams(yaml, options.now);
  if (yaml.problems.length > 0) throw allProblems(yaml.problems, options.path);
  return new Config(streams.map((stream) => withRegion(stream, options.env)), options);
}

/**
 * Reads a configuration file.
 *
 * @example Usage
 * ```ts
 * import { loadConfig } from "@triton/triton/config";
 * import { deepEqual } from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile({ suffix: ".yaml" });
 * await Deno.writeTextFile(path, "user_activity: { name: user_activity_prod }\n");
 * const config = await loadConfig(path, { env: { AWS_REGION: "us-west-1" } });
 * deepEqual(config.streams, [
 *   { logicalName: "user_activity", name: "user_activity_prod", region: "us-west-1" },
 * ]);
 * await Deno.remove(path);
 * ```
 * @param path Path of the file, which is UTF-8 text.
 * @param options The environment with defaults.
 * @returns The validated configuration.
 * @throws {ConfigError} If the file cannot be read, or anything in it is wrong.
 */
export async function loadConfig(path: string, options: LoadConfigOptions = {}): Promise<Config> {
  return parseConfig(await readConfigFile(path), { ...options, path });
}

function withRegion(stream: StreamConfig, env: LoadConfigOptions["env"]): StreamConfig {
  const region = stream.region ?? (env?.AWS_REGION || undefined);
  return Object.freeze(region === undefined ? stream : { ...stream, region });
}

/** One error for all mistakes: it has the place of the first and lists the others in order. */
function allProblems(problems: readonly Problem[], path: string | undefined): ConfigError {
  const [first, ...others] = inOrder(problems);
  const lines = others.slice(0, MAX_LISTED - 1)
    .map(({ message, place }) => new ConfigError(message, { path, ...place }).message);
  const more = others.length - lines.length;
  if (more > 0) lines.push(`and ${more} more`);
  return new ConfigError([first!.message, ...lines].join("\n"), { path, ...first!.place });
}
