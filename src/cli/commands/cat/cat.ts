import { Command } from "commander";
import type { ArchiveBlock, ArchiveDamage } from "../../../codec/mod.ts";
import { ArchiveFormatError, TritonError } from "../../../base/errors.ts";
import { type ArchiveOptions, checkDays } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import {
  bucketOf,
  bucketOption,
  clientOption,
  configOption,
  parseCount,
  parseDay,
} from "../../options/options.ts";
import { Progress } from "../../text/progress.ts";
import { streamConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";
import { say } from "../../text/say.ts";
import { formatBytes } from "../../text/format.ts";

interface CatOptions extends Partial<ArchiveOptions> {
  readonly limit?: number;
  readonly salvage?: boolean;
}

/** Receives the bytes that could not be read and were skipped. */
type OnDamage = (name: string, damage: ArchiveDamage) => void;

/** `triton cat`: archived events as JSON lines. */
export function catCommand(context: CliContext): Command {
  return new Command("cat")
    .summary("print archived events as JSON lines")
    .description(
      "Prints archived events, one JSON object per line: those of a stream in a range of days, or those " +
        'in the .tri files passed as arguments ("-" is standard input).',
    )
    .argument("[file...]", "archive files to read, instead of --stream and --bucket")
    .option("--stream <name>", "logical name of the stream, as in the configuration")
    .addOption(bucketOption())
    .option("--start-date <day>", "first day to print, YYYYMMDD in UTC", parseDay)
    .option("--end-date <day>", "last day to print (default: the first day)", parseDay)
    .addOption(clientOption("only archives of this client (default: all clients)"))
    .option("--limit <count>", "stop after this many events", parseCount)
    .option("--salvage", "skip damaged parts, report what was lost, and exit with 1")
    .addOption(configOption())
    .action((files: string[], options: CatOptions) => cat(files, options, context));
}

async function cat(files: string[], options: CatOptions, context: CliContext): Promise<void> {
  const reports: Promise<void>[] = [];
  const onDamage: OnDamage = (name, { length, error }) => {
    const lost = length === 0 ? "" : ` (skipped ${formatBytes(length)})`;
    reports.push(say(context, `${name}: ${error.message}${lost}`));
  };
  const salvage = options.salvage === true ? onDamage : undefined;
  const blocks = files.length > 0
    ? readFiles(files, options, context, salvage)
    : readBucket(options, context, salvage);
  const count = await print(blocks, options.limit ?? Infinity, context);
  if (count === 0 && context.stderr.isTerminal) {
    const where = files.length > 0 ? "in these files" : `of ${options.stream} on these days`;
    await say(context, `No events ${where}`);
  }
  await Promise.all(reports);
  if (reports.length > 0) throw new TritonError("Parts of the archive are damaged; see above");
}

/** Prints at most `limit` events; returns how many there were. */
async function print(
  blocks: AsyncIterable<ArchiveBlock>,
  limit: number,
  context: CliContext,
): Promise<number> {
  const [{ eventsIn }, { LinePrinter }] = await Promise.all([
    import("../../../codec/mod.ts"),
    import("./line_printer.ts"),
  ]);
  const printer = new LinePrinter(context.stdout);
  const progress = new Progress(context, "read", { quiet: context.stdout.isTerminal });
  let count = 0;
  let bytes = 0;
  try {
    for await (const block of blocks) {
      await printer.print(
        count + block.count <= limit ? block.events : first(limit - count, block),
      );
      count += block.count;
      bytes += block.events.length;
      await progress.update(count, bytes);
      if (count >= limit) break;
    }
  } finally {
    // Also when the archive is damaged: the events before the damage are good.
    await printer.end();
  }
  await progress.clear();
  return count;

  function first(wanted: number, block: ArchiveBlock): Uint8Array {
    let end = 0;
    for (const event of eventsIn(block)) {
      if (wanted-- === 0) break;
      end += event.length;
    }
    return block.events.subarray(0, end);
  }
}

async function* readFiles(
  files: readonly string[],
  options: CatOptions,
  context: CliContext,
  onDamage: OnDamage | undefined,
): AsyncGenerator<ArchiveBlock> {
  if (options.stream !== undefined || options.startDate !== undefined) {
    throw new UsageError("Cannot cat both FILE arguments and a --stream: pass only one of them");
  }
  const { readArchiveBlocks } = await import("../../../codec/mod.ts");
  for (const path of files) {
    const source = path === "-" ? context.stdin : await openFile(path);
    try {
      yield* readArchiveBlocks(source, {
        reuse: true,
        onDamage: onDamage && ((damage) => onDamage(path, damage)),
      });
    } catch (error) {
      if (!(error instanceof ArchiveFormatError)) throw error;
      const hint = error.offset === 0 ? " (is it a .tri file?)" : "";
      throw new TritonError(`Cannot read "${path}": ${error.message}${hint}`, { cause: error });
    }
  }
}

async function openFile(path: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    if ((await Deno.stat(path)).isDirectory) {
      throw new TritonError(
        `Cannot read "${path}": it is a directory; pass the files in it, or use --bucket file:///DIR ` +
          "with --stream",
      );
    }
    return readAhead(await Deno.open(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TritonError(`Cannot read "${path}": no such file`, { cause: error });
  }
}

/** Bytes per read of a file. */
const READ_SIZE = 1 << 18;

/** Reads a file; while the caller uses one piece, the next is read. */
async function* readAhead(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  using _ = file;
  let [here, ahead] = [new Uint8Array(READ_SIZE), new Uint8Array(READ_SIZE)];
  let reading = file.read(here);
  for (;;) {
    const size = await reading;
    if (size === null) return;
    reading = file.read(ahead);
    reading.catch(() => {}); // thrown when it is awaited
    yield here.subarray(0, size);
    [here, ahead] = [ahead, here];
  }
}

/** Enough for 30 ms of latency at several times the speed of `cat`; more only uses memory. */
const PREFETCH_BYTES = 8 << 20;

async function* readBucket(
  options: CatOptions,
  context: CliContext,
  onDamage: OnDamage | undefined,
): AsyncGenerator<ArchiveBlock> {
  const { stream, startDate } = options;
  if (stream === undefined) throw new UsageError("Cannot cat: pass a --stream or .tri files");
  const bucket = bucketOf(options);
  if (startDate === undefined) throw new UsageError("Cannot cat: pass --start-date YYYYMMDD");
  checkDays(options);
  const config = await streamConfig({ config: options.config, stream }, context);
  const { openArchive } = await import("../../../archive/mod.ts");
  await using archive = openArchive(bucket, {
    stream: config.name,
    from: startDate,
    to: options.endDate ?? startDate,
    client: options.clientName,
    region: config.region,
    clock: context.clock,
    onDamage: onDamage && ((damage) => onDamage(damage.key, damage)),
    prefetchBytes: PREFETCH_BYTES,
  });
  yield* archive.blocks({ reuse: true });
}
