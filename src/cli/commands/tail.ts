import { Command } from "commander";
import type { TritonRecord } from "../../base/record.ts";
import type { CliContext } from "../cli_context.ts";
import type { ArchiveOptions } from "../options/archive.ts";
import {
  bucketOption,
  clientOption,
  configOption,
  parseCount,
  streamOption,
} from "../options/options.ts";
import { startPosition, streamConfig } from "../options/stream_config.ts";
import { say } from "../text/say.ts";

interface TailOptions extends Omit<ArchiveOptions, "startDate" | "endDate"> {
  readonly from: string;
  readonly limit?: number;
}

/** `triton tail`: prints live events as JSON lines. */
export function tailCommand(context: CliContext): Command {
  return new Command("tail")
    .description(
      "Prints the events of a stream as they arrive, one JSON object per line, until SIGINT. With --from " +
        "a time and a bucket, it first prints the events archived since then, and then the live ones, " +
        "each event once. It reads archives as whole files, so the first file may add earlier events.",
    )
    .addOption(streamOption())
    .option("--from <position>", "where to start: latest, trim-horizon or a time", "latest")
    .option("--limit <count>", "stop after this many events", parseCount)
    .addOption(bucketOption("location of the archive, for --from a time"))
    .addOption(clientOption("client that wrote the archives, if there are several"))
    .addOption(configOption())
    .action((options: TailOptions) => tail(options, context));
}

async function tail(options: TailOptions, context: CliContext): Promise<void> {
  const { NdjsonWriter } = await import("../../codec/json/write.ts");
  await using events = await openEvents(options, context);
  const writer = new NdjsonWriter();
  let left = options.limit ?? Infinity;
  for await (const record of events) {
    await context.stdout.write(writer.write(record.raw));
    if (--left <= 0) break;
  }
}

/** The live stream; or archive and live stream, if a bucket and a start time are set. */
async function openEvents(
  options: TailOptions,
  context: CliContext,
): Promise<AsyncIterable<TritonRecord> & AsyncDisposable> {
  const from = await startPosition(options.from, context);
  const config = await streamConfig(options, context);
  const report = (error: Error) => say(context, error.message);
  const { clock, signal } = context;
  const { bucket, clientName: client } = options;
  if (bucket === undefined || from.type !== "at-timestamp") {
    const { openStream } = await import("../../stream/open_stream.ts");
    return openStream(config, { from, clock, signal, onInvalid: report });
  }
  const { openHistory } = await import("../../history/open_history.ts");
  return openHistory(config, {
    ...{ bucket, client, clock, signal },
    from: from.timestamp,
    onInvalid: report,
    onGap: report,
  });
}
