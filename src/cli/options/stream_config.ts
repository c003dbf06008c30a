import type { Config, StreamConfig } from "../../config/mod.ts";
import type { FirstPosition } from "../../base/settings/start_position.ts";
import type { CliContext } from "../cli_context.ts";
import type { PassedOptions } from "./env_option.ts";
import { isArn } from "../../base/settings/stream_arn.ts";
import { isStandardInput, readStandardInput } from "../read_input.ts";
import { bucketOf } from "./options.ts";
import { UsageError } from "./usage_error.ts";

/** The value of `--config`, which is required. */
export function configPath(path: string | undefined): string {
  if (path !== undefined) return path;
  throw new UsageError(
    "No configuration: pass --config or set TRITON_CONFIG to the YAML file that names the streams",
  );
}

/** Reads the configuration; regions fall back to `AWS_REGION`. */
export async function readConfig(path: string | undefined, context: CliContext): Promise<Config> {
  const file = configPath(path);
  const { loadConfig, parseConfig } = await import("../../config/config.ts");
  const options = { env: context.env, now: context.clock.now() };
  if (!isStandardInput(file)) return await loadConfig(file, options);
  return parseConfig(await readStandardInput(context), { ...options, path: "standard input" });
}

/** Reads the configuration of one stream. */
export async function streamConfig(
  { config, stream }: { readonly config?: string; readonly stream: string },
  context: CliContext,
): Promise<StreamConfig> {
  return (await configFor([stream], config, context)).stream(stream);
}

/** Reads the configuration, which streams that are named by their ARNs do not need. */
export async function configFor(
  streams: readonly string[],
  path: string | undefined,
  context: CliContext,
): Promise<Config> {
  if (path !== undefined || !streams.every(isArn)) return await readConfig(path, context);
  const { Config } = await import("../../config/config.ts");
  return new Config([]);
}

/** Rejects options with neither a bucket nor a configuration, which could have one for the stream. */
export function requireBucket(
  options: { readonly bucket?: string | undefined; readonly config?: string | undefined },
): void {
  if (options.config === undefined) bucketOf(options);
}

/** Where a stream's archive is: as passed, else as the configuration says, else as a variable says. */
export function bucketOfStream(
  options: PassedOptions & { readonly bucket?: string | undefined },
  { archive }: StreamConfig,
): string {
  if (options.passed?.has("bucket")) return bucketOf(options);
  return archive?.bucket ?? bucketOf(options);
}

/** Who archives a stream: as passed, else as the configuration says, else by a variable or the default. */
export function clientOfStream(
  { clientName, passed }: PassedOptions & { readonly clientName: string },
  { archive }: StreamConfig,
): string {
  return passed?.has("clientName") ? clientName : archive?.client ?? clientName;
}

/** Parses the value of `--from`. */
export async function startPosition(
  text: string,
  context: CliContext,
): Promise<FirstPosition> {
  const { parseStartPosition } = await import("../../base/settings/start_position.ts");
  try {
    return parseStartPosition(text, context.clock.now());
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}
