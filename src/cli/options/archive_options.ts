import type { Command } from "commander";
import { archiveDay } from "../../codec/tri/archive_key.ts";
import type { StreamConfig } from "../../config/mod.ts";
import type { OpenedObjectStore } from "../../objects/mod.ts";
import type { CliContext } from "../cli_context.ts";
import {
  bucketOf,
  bucketOption,
  clientOption,
  configOption,
  parseDay,
  streamOption,
} from "./options.ts";
import { streamConfig } from "./stream_config.ts";
import { UsageError } from "./usage_error.ts";

/** What commands that read the archive of a stream are told. */
export interface ArchiveOptions {
  readonly stream: string;
  readonly bucket?: string;
  readonly startDate?: string;
  readonly endDate?: string;
  readonly clientName?: string;
  readonly config?: string;
}

/** Adds the options of {@linkcode ArchiveOptions} to a command that reads all days by default. */
export function addArchiveOptions(command: Command): Command {
  return command
    .addOption(streamOption())
    .addOption(bucketOption("where the archives are: s3://BUCKET/PREFIX, BUCKET or file:///DIR"))
    .option("--start-date <day>", "first day, YYYYMMDD in UTC: of all unless given", parseDay)
    .option("--end-date <day>", "last day: today unless given", parseDay)
    .addOption(clientOption("only archives of this client: of all clients unless given"))
    .addOption(configOption());
}

/** Refuses a range of days that ends before it begins. */
export function checkDays({ startDate, endDate }: Pick<ArchiveOptions, "startDate" | "endDate">) {
  if (startDate !== undefined && endDate !== undefined && endDate < startDate) {
    throw new UsageError("Cannot read archives: --end-date is before --start-date");
  }
}

/** Refuses a first day that is not there yet, where today is the last one. */
function checkFuture({ startDate = "", endDate }: ArchiveOptions, { clock }: CliContext): void {
  if (endDate === undefined && startDate > archiveDay(new Date(clock.now()))) {
    throw new UsageError(`Cannot read archives: --start-date ${startDate} lies in the future`);
  }
}

/** The stream and the object store that options name. */
export async function openStoreOf(
  options: ArchiveOptions,
  context: CliContext,
): Promise<{ readonly config: StreamConfig; readonly store: OpenedObjectStore }> {
  const bucket = bucketOf(options);
  checkDays(options);
  checkFuture(options, context);
  const config = await streamConfig(options, context);
  const { openObjectStore } = await import("../../objects/mod.ts");
  return { config, store: await openObjectStore(bucket, { region: config.region }) };
}
