import type { Command } from "commander";
import type { Clock } from "../../base/clock.ts";
import { archiveDay } from "../../codec/tri/archive_key.ts";
import type { ArchivePart } from "../../archive/mod.ts";
import type { OpenedObjectStore } from "../../objects/mod.ts";
import type { StreamConfig } from "../../config/mod.ts";
import type { CliContext } from "../cli_context.ts";
import type { PassedOptions } from "./env_option.ts";
import { addBucketFlags, type BucketFlags, settingsOfStream } from "./bucket_flags.ts";
import { bucketOption, clientOption, configOption, parseDay, streamOption } from "./options.ts";
import { keysOption, partOption } from "./parts.ts";
import { bucketOfStream, requireBucket, streamConfig } from "./stream_config.ts";
import { UsageError } from "./usage_error.ts";

/** Options of the commands that read the archive of a stream. */
export interface ArchiveOptions extends PassedOptions, BucketFlags {
  readonly stream: string;
  readonly bucket?: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly clientName?: string;
  readonly config?: string;
  readonly part?: ArchivePart;
  readonly keysFrom?: string;
}

/**
 * Adds the options of {@linkcode ArchiveOptions} to a command that reads all days by default.
 *
 * @param use Whether the command also writes to a bucket.
 */
export function addArchiveOptions(command: Command, use: "read" | "write" = "read"): Command {
  return addRangeOptions(command, use).addOption(partOption()).addOption(keysOption());
}

/** Adds those of them that say whose archive it is, and which days. */
export function addRangeOptions(command: Command, use: "read" | "write" = "read"): Command {
  command
    .addOption(streamOption())
    .addOption(bucketOption())
    .option("--start-date <day>", "first day, YYYYMMDD in UTC (default: the oldest)", parseDay)
    .option("--end-date <day>", "last day (default: today)", parseDay)
    .addOption(clientOption("only archives of this client (default: all clients)"))
    .addOption(configOption());
  return addBucketFlags(command, use);
}

/** Rejects a range of days that ends before it starts. */
export function checkDays({ startDate, endDate }: Pick<ArchiveOptions, "startDate" | "endDate">) {
  if (startDate !== undefined && endDate !== undefined && endDate < startDate) {
    throw new UsageError("Cannot read archives: --end-date is before --start-date");
  }
}

/** Rejects a first day in the future, if the last day is today. */
function checkFuture({ startDate = "", endDate }: ArchiveOptions, { clock }: CliContext): void {
  if (endDate === undefined && startDate > archiveDay(new Date(clock.now()))) {
    throw new UsageError(`Cannot read archives: --start-date ${startDate} is in the future`);
  }
}

/** Which archives a command reads. */
export interface Selection {
  readonly stream: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly client: string | undefined;
  readonly part: ArchivePart | undefined;
  readonly clock: Clock;
}

/**
 * Opens the object store, and looks up the stream in the configuration.
 *
 * @param settingsOf How the bucket is used. Default: by the flags, else by the configuration.
 */
export async function openStoreOf(
  options: ArchiveOptions,
  context: CliContext,
  settingsOf = settingsOfStream,
): Promise<{
  readonly config: StreamConfig;
  readonly selection: Selection;
  readonly store: OpenedObjectStore;
}> {
  requireBucket(options);
  checkDays(options);
  checkFuture(options, context);
  const config = await streamConfig(options, context);
  const { name: stream, region } = config;
  const { openObjectStore } = await import("../../objects/open_object_store.ts");
  const { startDate: from, endDate: to, clientName: client, part } = options;
  const selection = { stream, from, to, client, part, clock: context.clock };
  const store = await openObjectStore(bucketOfStream(options, config), {
    region,
    ...settingsOf(options, config.archive),
  });
  return { config, selection, store };
}
