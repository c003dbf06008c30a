import { Command, Option } from "commander";
import { anySignal } from "../../../base/notifier.ts";
import type { TritonRecord } from "../../../base/record.ts";
import type { CliContext } from "../../cli_context.ts";
import type { ArchiveOptions } from "../../options/archive.ts";
import { addBucketFlags, settingsOfStream } from "../../options/bucket_flags.ts";
import {
  bucketOption,
  clientOption,
  configOption,
  databaseOption,
  parseCount,
  streamOption,
} from "../../options/options.ts";
import { startPosition, streamConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";
import { BatchedOutput } from "../../text/batched_output.ts";
import { examples, helpWidth, reflow } from "../../text/help_text.ts";
import { say } from "../../text/say.ts";
import type { TailGroupOptions } from "./tail_group.ts";

interface TailOptions extends Omit<ArchiveOptions, "startDate" | "endDate"> {
  readonly from?: string;
  readonly limit?: number;
  readonly group?: string;
  readonly ack?: "stdin" | "written";
  readonly checkpointDb: string;
}

const GROUPS = `
With --group, each event goes to one member of the group: start the command as many times as you
like. Positions are in the database, so that another member, or the next start, continues where this
one ends. A new group begins with the oldest event, unless --from says otherwise. --ack says when an
event counts as processed:

  stdin    When its line is acknowledged. The program that reads the lines writes to the standard
           input of this command, a line each time, how many lines it has processed so far (1, 2, 3
           and so on). Up to 100 lines of each shard are printed before they are acknowledged. If
           the program ends, the lines that it has not acknowledged are delivered again.
  written  When its line is written. A pipe accepts 64 KiB that nobody has read yet: these lines are
           lost if the program that reads them dies.`;

/** `triton tail`: prints live events as JSON lines. */
export function tailCommand(context: CliContext): Command {
  const command = new Command("tail")
    .description(
      "Prints the events of a stream as they arrive, one JSON object per line, until SIGINT. With --from " +
        "a time and a bucket, it first prints the events archived since then, and then the live ones, " +
        "each event once. It reads archives as whole files, so the first file may add earlier events.",
    )
    .addOption(streamOption())
    .option("--from <position>", "where to start: latest (the default), trim-horizon or a time")
    .option("--limit <count>", "stop after this many events", parseCount)
    .option("--group <name>", "read as a member of this consumer group")
    .addOption(
      new Option("--ack <when>", "with --group: when an event counts as processed")
        .choices(["stdin", "written"]),
    )
    .addOption(databaseOption())
    .addOption(bucketOption("location of the archive, for --from a time"))
    .addOption(clientOption("client that wrote the archives, if there are several"))
    .addOption(configOption())
    .addHelpText("after", () => reflow(GROUPS, helpWidth(context.stdout)))
    .addHelpText(
      "after",
      examples({
        "the next 10 events that arrive": "triton tail --stream clicks --limit 10",
        "all events since a time: archived ones first, then live ones":
          "triton tail --stream clicks --from 2026-09-01T12:00:00Z",
      }),
    )
    .action((options: TailOptions) => tail(options, context));
  return addBucketFlags(command, "read");
}

async function tail(options: TailOptions, context: CliContext): Promise<void> {
  if (options.group !== undefined || options.ack !== undefined) {
    const group = groupOf(options);
    const config = await streamConfig(options, context);
    const { tailGroup } = await import("./tail_group.ts");
    return await tailGroup(config, group, context);
  }
  const { printEvents } = await import("./print_events.ts");
  const output = new BatchedOutput(context.stdout);
  await using events = await openEvents(options, context, output.failed);
  await printEvents(events, output, options.limit);
}

/** The options of a member of a group. */
function groupOf({ group, ack, ...options }: TailOptions): TailGroupOptions {
  if (group === undefined) throw new UsageError("Cannot tail: --ack needs --group");
  if (ack === undefined) {
    throw new UsageError("Cannot tail as a group: pass --ack stdin or --ack written");
  }
  return { ...options, group, ack };
}

/**
 * The live stream; or archive and live stream, if a bucket and a start time are set. It ends when
 * nothing more can be printed.
 */
async function openEvents(
  options: TailOptions,
  context: CliContext,
  failed: AbortSignal,
): Promise<AsyncIterable<TritonRecord> & AsyncDisposable> {
  const from = await startPosition(options.from ?? "latest", context);
  const config = await streamConfig(options, context);
  const report = (error: Error) => say(context, error.message);
  const { clock } = context;
  const signal = anySignal(context.signal, failed);
  const { clientName: client, passed } = options;
  const bucket = passed?.has("bucket") ? options.bucket : config.archive?.bucket ?? options.bucket;
  if (bucket === undefined || from.type !== "at-timestamp") {
    const { openStream } = await import("../../../stream/open_stream.ts");
    return openStream(config, { from, clock, signal, onInvalid: report });
  }
  const { openHistory } = await import("../../../history/open_history.ts");
  return openHistory(config, {
    ...{ bucket, client, clock, signal },
    s3: settingsOfStream(options, config.archive),
    from: from.timestamp,
    onInvalid: report,
    onGap: report,
  });
}
