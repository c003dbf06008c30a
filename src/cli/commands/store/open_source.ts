import { UsageError } from "../../options/usage_error.ts";
import type { Config, StreamConfig } from "../../../config/mod.ts";
import type { CliContext } from "../../cli_context.ts";
import { configFor, configPath, readConfig } from "../../options/stream_config.ts";
import { isStandardInput } from "../../read_input.ts";
import {
  accountStreams,
  configuredStreams,
  type JobFlags,
  jobsOf,
  type StreamJob,
} from "../../options/stream_jobs.ts";
import type { Selection } from "../../options/stream_selection.ts";
import type { SharedServices } from "../../shared_services.ts";
import { fixedStreams, type StreamSource } from "./stream_source.ts";

/** What says which streams to archive, and what they have in common. */
export interface SourceOptions extends JobFlags {
  readonly selection: Selection;
  readonly config?: string;
  readonly watchConfig?: boolean;
  /** How often a request to Kinesis is tried. Default: until it succeeds. */
  readonly maxAttempts?: number;
}

/**
 * Opens what says which streams to archive. The configuration is read, and nothing else.
 *
 * @throws {TritonError} If the configuration has a mistake, or does not fit the options.
 */
export async function openSource(
  options: SourceOptions,
  services: Pick<SharedServices, "kinesis">,
  context: CliContext,
): Promise<StreamSource> {
  const { selection } = options;
  if (selection.type === "account") {
    return await accountSource(selection, options, services, context);
  }
  const select = (config: Config) => jobsOf(configuredStreams(config, selection), options);
  if (options.watchConfig === true) return await watchedSource(options, select, context);
  const named = selection.type === "named" ? selection.names : [""];
  const jobs = select(await configFor(named, options.config, context));
  if (jobs.length > 0) return fixedStreams(jobs);
  throw new UsageError(
    "No stream is left of the configuration: each is like an --except, or has " +
      '"enabled: false" in its "archive"',
  );
}

/** Streams of a configuration that is looked at again and again. */
async function watchedSource(
  options: SourceOptions,
  select: (config: Config) => readonly StreamJob[],
  { env, clock }: CliContext,
): Promise<StreamSource> {
  const [{ ConfigSource }, { readConfigFile }, { parseConfig }] = await Promise.all([
    import("./config_source.ts"),
    import("../../../config/config_file.ts"),
    import("../../../config/config.ts"),
  ]);
  const path = configPath(options.config);
  if (isStandardInput(path)) {
    throw new UsageError("Cannot watch standard input: pass a file as --config");
  }
  const parse = (text: string) => select(parseConfig(text, { path, env, now: clock.now() }));
  const read = () => readConfigFile(path);
  const source = new ConfigSource({ path, clock, read, parse });
  await source.open();
  return source;
}

/** Streams of the account, with what the configuration says of them, if there is one. */
async function accountSource(
  selection: Extract<Selection, { readonly type: "account" }>,
  options: SourceOptions,
  services: Pick<SharedServices, "kinesis">,
  context: CliContext,
): Promise<StreamSource> {
  const { AccountSource } = await import("./account_source.ts");
  const { config: path } = options;
  const config = path === undefined ? undefined : await readConfig(path, context);
  const place = accountPlace(context);
  return new AccountSource({
    selection,
    clock: context.clock,
    maxAttempts: options.maxAttempts,
    kinesis: () => services.kinesis(place),
    jobsOf: (names) => jobsOf(accountStreams(names, config, place), options),
  });
}

/** Region and endpoint of the account's streams, as far as variables set them. */
function accountPlace({ env }: CliContext): Pick<StreamConfig, "region" | "endpoint"> {
  const endpoint = env.AWS_ENDPOINT_URL_KINESIS || env.AWS_ENDPOINT_URL;
  return { region: env.AWS_REGION || undefined, endpoint: endpoint || undefined };
}
