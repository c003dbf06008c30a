import { Command, Option } from "commander";
import type { BigIntegers } from "../../../codec/mod.ts";
import { TritonError } from "../../../base/errors.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { configOption, streamOption } from "../../options/options.ts";
import { UsageError } from "../../options/usage_error.ts";
import { countBytes, isStandardInput, openInput, sizeOfInputs } from "../../read_input.ts";
import type { PutLines } from "./put_lines.ts";
import { readConfig } from "../../options/stream_config.ts";
import { countOf } from "../../text/format.ts";

interface PutOptions {
  readonly stream: string;
  readonly config?: string;
  readonly ordered?: boolean;
  readonly bigIntegers: BigIntegers;
  readonly format?: "ndjson" | "csv";
  readonly columns?: string;
}

/** After a signal, lines that were read have this long to get into the stream, in milliseconds. */
const GRACE_MS = 5_000;

/** `triton put`: puts JSON lines into a stream. */
export function putCommand(context: CliContext): Command {
  return new Command("put")
    .description(
      "Reads JSON objects from a file or standard input, one per line, or rows of CSV below a header, and " +
        "puts each into the stream as an event. Data of gzip are uncompressed. " +
        "The field that the configuration sets as partition_key picks the shard. A line that cannot become " +
        "an event is skipped and reported with its number, and the exit code is 1. Such a line has a " +
        "repeated key, half of a surrogate pair, a number beyond the range of a double, or an integer " +
        "beyond 64 bits, or is larger than 16 MiB. If Kinesis rejects an event permanently, or a signal " +
        "stops the command, it prints which lines are in the stream and where to resume.",
    )
    .argument("[file]", "file to read (default: standard input, which is also -)")
    .addOption(streamOption())
    .option(
      "--ordered",
      "keep events with the same key in order, also when Kinesis throttles some of them",
    )
    .addOption(
      new Option("--big-integers <how>", "how to handle integers beyond 64 bits")
        .choices(["refuse", "text"]).default("refuse"),
    )
    .addOption(
      new Option("--format <format>", "format of the input (default: csv for *.csv, else ndjson)")
        .choices(["ndjson", "csv"]),
    )
    .option(
      "--columns <list>",
      "types of columns of CSV, such as 'user.id:int64, at:timestamp(iso)'; others are text",
    )
    .addOption(configOption())
    .addHelpText(
      "after",
      examples({
        "put a file of JSON lines": "triton put --stream clicks < clicks.ndjson",
        "copy a day of an archive into another stream":
          `triton cat --stream clicks --start-date 20260901 |
  triton put --stream test_clicks`,
      }),
    )
    .action((file: string | undefined, options: PutOptions) => put(file, options, context));
}

async function put(file = "-", options: PutOptions, context: CliContext): Promise<void> {
  const [{ PutLines }, { gunzipIfNeeded }, { parseJsonEvent }, { openWriter }] = await Promise.all([
    import("./put_lines.ts"),
    import("./gunzip.ts"),
    import("../../../codec/json/parse.ts"),
    import("../../../stream/writer/open_writer.ts"),
  ]);
  if (isStandardInput(file) && isStandardInput(options.config ?? "")) {
    throw new UsageError("Cannot read both the configuration and the events from standard input");
  }
  const csv = await csvInput(file, options);
  const streams = await readConfig(options.config, context);
  const config = streams.stream(options.stream);
  const partitionKey = streams.partitionKey(options.stream);
  const { ordered, bigIntegers } = options;
  const { clock, signal: stop } = context;
  const signal = afterGrace(context);
  let read = 0;
  const name = isStandardInput(file) ? "standard input" : `"${file}"`;
  const bytes = countBytes(await openInput(file, context), (size) => read += size);
  const source = gunzipIfNeeded(bytes, name);
  const input = { read: () => read, total: () => sizeOfInputs([file], context) };
  await using writer = openWriter(config, { partitionKey, ordered, clock, signal });
  const parse = (text: string) => parseJsonEvent(text, { bigIntegers });
  const place = isStandardInput(file) ? {} : { file };
  const lines = new PutLines({ writer, parse, context, input, ...place });
  let failure: { readonly error: unknown } | undefined;
  const putting = csv === undefined
    ? lines.put(source, stop)
    : lines.putRows(csv.readRows(source, stop), csv.events(parse), stop);
  await putting.catch((error) => failure = { error });
  await writer.flush().catch((error) => failure ??= { error });
  if (writer.written > 0 || failure === undefined) {
    await context.stderr.write(`put ${countOf(writer.written, "event")} into ${config.name}\n`);
  }
  if (stop.aborted) throw lines.explain("A signal stopped put");
  if (failure !== undefined) throw writer.written > 0 ? explain(lines, failure) : failure.error;
  if (lines.bad > 0) throw new TritonError(`${countOf(lines.bad, "line")} could not be put`);
}

/** What reads the input if it is CSV: by `--format`, else by the name of the file. */
async function csvInput(file: string, { format, columns }: PutOptions) {
  const isCsv = format === undefined ? /\.csv(\.gz)?$/i.test(file) : format === "csv";
  if (isCsv) return (await import("./csv_input.ts")).openCsv(columns);
  if (columns === undefined) return undefined;
  throw new UsageError("Cannot put: --columns has the types of CSV; pass --format csv, too");
}

/** Adds which lines are in the stream, and where to resume. */
function explain(lines: PutLines, { error }: { readonly error: unknown }): TritonError {
  return lines.explain(error instanceof Error ? error.message : String(error), error);
}

/** Aborted {@linkcode GRACE_MS} after the command is asked to stop. */
function afterGrace({ signal, clock }: CliContext): AbortSignal {
  const controller = new AbortController();
  signal.addEventListener("abort", async () => {
    await clock.sleep(GRACE_MS);
    controller.abort(new TritonError("Stopped by a signal"));
  });
  return controller.signal;
}
