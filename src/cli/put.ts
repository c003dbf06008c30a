import { Command } from "commander";
import { TritonError } from "../errors.ts";
import type { CliContext } from "./cli_context.ts";
import { configOption, streamOption } from "./options.ts";
import { Progress } from "./progress.ts";
import { readLines } from "./read_lines.ts";
import { countOf } from "./report_text.ts";
import { readConfig } from "./stream_config.ts";
import { say } from "./say.ts";

interface PutOptions {
  readonly stream: string;
  readonly config?: string;
  readonly ordered?: boolean;
}

/** `triton put`: JSON lines into a stream. */
export function putCommand(context: CliContext): Command {
  return new Command("put")
    .summary("put JSON lines into a stream")
    .description(
      "Reads JSON objects from standard input, one a line, and puts each into the stream as an event. " +
        "The field that the configuration names as partition_key picks the shard. A line that cannot be " +
        "put is reported with its number; the others are put, and the exit code is 1. Where Kinesis refuses " +
        "more, it ends, and says how many were put.",
    )
    .addOption(streamOption())
    .option(
      "--ordered",
      "keep events of one key in order, even where Kinesis refuses some for a time",
    )
    .addOption(configOption())
    .action((options: PutOptions) => put(options, context));
}

async function put(options: PutOptions, context: CliContext): Promise<void> {
  const [{ parseJsonEvent }, { openWriter }] = await Promise.all([
    import("../codec/mod.ts"),
    import("../stream/mod.ts"),
  ]);
  const streams = await readConfig(options.config, context);
  const config = streams.stream(options.stream);
  const partitionKey = streams.partitionKey(options.stream);
  const { ordered } = options;
  await using writer = openWriter(config, { partitionKey, ordered, clock: context.clock });
  const putLine: PutLine = async (text) => {
    const event = parseJsonEvent(text);
    await writer.putEvent(event);
    return event.length;
  };
  const tell = () =>
    context.stderr.write(`put ${countOf(writer.written, "event")} into ${config.name}\n`);
  let bad = 0;
  try {
    bad = await putLines(putLine, context);
    await writer.flush();
  } catch (error) {
    // Whoever puts the rest later wants to know where to go on.
    if (writer.written > 0) await tell();
    throw error;
  }
  await tell();
  if (bad > 0) throw new TritonError(`${countOf(bad, "line")} could not be put`);
}

/** Puts the event of a line, and returns its size in bytes; throws if the line is none. */
type PutLine = (text: string) => Promise<number>;

/** Puts all lines; returns how many could not be. */
async function putLines(putLine: PutLine, context: CliContext): Promise<number> {
  const progress = new Progress(context, "put");
  let [good, bad, bytes] = [0, 0, 0];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const { number, bytes: line } of readLines(context.stdin)) {
    try {
      const text = decode(line, decoder);
      if (text.trim() === "") continue;
      bytes += await putLine(text);
      await progress.update(++good, bytes);
    } catch (error) {
      if (!isFaultOfLine(error)) throw error;
      bad++;
      await progress.clear();
      await say(context, `line ${number}: ${error.message}`);
    }
  }
  await progress.clear();
  return bad;
}

/** Errors that speak of one line alone, by their names, so that their modules are loaded late. */
const LINE_ERRORS = new Set(["JsonEventError", "LineError", "PartitionKeyError", "RangeError"]);

function isFaultOfLine(error: unknown): error is Error {
  return error instanceof Error && LINE_ERRORS.has(error.name);
}

/** Thrown when a line is not text. */
class LineError extends TritonError {}

function decode(line: Uint8Array, decoder: TextDecoder): string {
  try {
    return decoder.decode(line);
  } catch (cause) {
    throw new LineError("Cannot read event: the line is not UTF-8", { cause });
  }
}
