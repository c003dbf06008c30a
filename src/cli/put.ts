import { Command } from "commander";
import { TritonError } from "../errors.ts";
import type { PutEntry } from "../kinesis/mod.ts";
import type { StreamWriter } from "../stream/mod.ts";
import type { CliContext } from "./cli_context.ts";
import { configOption, streamOption } from "./options.ts";
import { Progress } from "./progress.ts";
import { readLines } from "./read_lines.ts";
import { countOf } from "./report_text.ts";
import { readConfig } from "./stream_config.ts";

interface PutOptions {
  readonly stream: string;
  readonly config?: string;
}

/** `triton put`: JSON lines into a stream. */
export function putCommand(context: CliContext): Command {
  return new Command("put")
    .summary("put JSON lines into a stream")
    .description(
      "Reads JSON objects from standard input, one a line, and puts each into the stream as an event.\n" +
        "The field that the configuration names as partition_key picks the shard. A line that cannot be\n" +
        "put is reported with its number; the others are put, and the exit code is 1.",
    )
    .addOption(streamOption())
    .addOption(configOption())
    .action((options: PutOptions) => put(options, context));
}

/** How long an event may wait for others to be sent with, in milliseconds. */
const LINGER_MS = 1_000;

/** Makes a record of a line; a line that cannot be one throws. */
type ReadEntry = (text: string) => PutEntry;

async function put(options: PutOptions, context: CliContext): Promise<void> {
  const [{ decodeEvent, parseJsonEvent }, { openKinesis }, { StreamWriter }] = await Promise.all([
    import("../codec/mod.ts"),
    import("../kinesis/mod.ts"),
    import("../stream/mod.ts"),
  ]);
  const streams = await readConfig(options.config, context);
  const config = streams.stream(options.stream);
  const field = streams.partitionKey(options.stream);
  const readEntry: ReadEntry = (text) => {
    const data = parseJsonEvent(text);
    return { data, partitionKey: partitionKeyOf(decodeEvent(data)[field], field) };
  };
  await using kinesis = await openKinesis({ region: config.region, endpoint: config.endpoint });
  await using writer = new StreamWriter(kinesis, config.name, { clock: context.clock });
  const ended = new AbortController();
  const flushing = flushEvery(LINGER_MS, writer, context, ended.signal);
  const bad = await putLines(readEntry, (entry) => writer.put(entry), context)
    .finally(() => ended.abort());
  await flushing;
  await writer.flush();
  await context.stderr.write(`put ${countOf(writer.written, "event")} into ${config.name}\n`);
  if (bad > 0) throw new TritonError(`${countOf(bad, "line")} could not be put`);
}

/** Sends what there is every now and then, so that a slow input does not keep events waiting. */
async function flushEvery(
  intervalMs: number,
  writer: StreamWriter,
  { clock }: CliContext,
  ended: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(intervalMs, ended);
      await writer.flush();
    }
  } catch (error) {
    // The writer tells a failure again to whoever puts next, or flushes at the end.
    if (error !== ended.reason && !(error instanceof TritonError)) throw error;
  }
}

/** Puts all lines; returns how many could not be. */
async function putLines(
  readEntry: ReadEntry,
  putEntry: (entry: PutEntry) => Promise<void>,
  context: CliContext,
): Promise<number> {
  const progress = new Progress(context, "put");
  let [good, bad, bytes] = [0, 0, 0];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const { number, bytes: line } of readLines(context.stdin)) {
    try {
      const text = decode(line, decoder);
      if (text.trim() === "") continue;
      const entry = readEntry(text);
      await putEntry(entry);
      await progress.update(++good, bytes += entry.data.length);
    } catch (error) {
      if (!isFaultOfLine(error)) throw error;
      bad++;
      await progress.clear();
      await context.stderr.write(`triton: line ${number}: ${(error as Error).message}\n`);
    }
  }
  await progress.clear();
  return bad;
}

/** Whether an error speaks of the line alone, so that the next one can be put all the same. */
function isFaultOfLine(error: unknown): boolean {
  return error instanceof RangeError ||
    error instanceof TritonError && error.name === "JsonEventError" ||
    error instanceof LineError;
}

/** Thrown when a line is not text, or is an event that says nothing of its shard. */
class LineError extends TritonError {}

function decode(line: Uint8Array, decoder: TextDecoder): string {
  try {
    return decoder.decode(line);
  } catch (cause) {
    throw new LineError("Cannot read event: the line is not UTF-8", { cause });
  }
}

function partitionKeyOf(value: unknown, field: string): string {
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    default:
      throw new LineError(
        `Cannot pick a shard: field "${field}", the stream's partition_key, is ` +
          (value === undefined ? "missing" : "not a string, number or boolean"),
      );
  }
}
