import { Command } from "commander";
import { ArchiveFormatError, TritonError } from "../../../base/errors.ts";
import type { ArchiveDamage } from "../../../codec/tri/archive_options.ts";
import type { ArchiveOptions } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import {
  bucketOption,
  clientOption,
  configOption,
  parseCount,
  parseDay,
} from "../../options/options.ts";
import { Progress } from "../../text/progress.ts";
import { say } from "../../text/say.ts";
import { formatBytes } from "../../text/format.ts";
import type { LinesThread } from "./lines_thread.ts";
import type { CatSource } from "./sources.ts";

interface CatOptions extends Partial<ArchiveOptions> {
  readonly limit?: number;
  readonly salvage?: boolean;
}

/** Receives the bytes that could not be read and were skipped. */
type OnDamage = (name: string, damage: ArchiveDamage) => void;

/** `triton cat`: archived events as JSON lines. */
export function catCommand(context: CliContext): Command {
  return new Command("cat")
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
  const { bucketSources, fileSources } = await import("./sources.ts");
  const reports: Promise<void>[] = [];
  const onDamage: OnDamage = (name, { length, error }) => {
    const lost = length === 0 ? "" : ` (skipped ${formatBytes(length)})`;
    reports.push(say(context, `${name}: ${error.message}${lost}`));
  };
  const sources = files.length > 0
    ? fileSources(files, options, context)
    : bucketSources(options, context);
  const salvage = options.salvage === true ? onDamage : undefined;
  const count = await print(sources, options.limit ?? Infinity, context, salvage);
  if (count === 0 && context.stderr.isTerminal) {
    const where = files.length > 0 ? "in these files" : `of ${options.stream} on these days`;
    await say(context, `No events ${where}`);
  }
  await Promise.all(reports);
  if (reports.length > 0) throw new TritonError("Parts of the archive are damaged; see above");
}

/** Events of this size in total, in bytes, are worth a second thread, which takes 50 ms to start. */
const THREAD_FROM = 300e6;

/** Size of events in relation to that of their archive, where it is not known better. */
const EXPANSION = 2.5;

/** Prints at most `limit` events; returns how many there were. */
async function print(
  sources: AsyncIterable<CatSource>,
  limit: number,
  context: CliContext,
  onDamage: OnDamage | undefined,
): Promise<number> {
  const [{ LinePrinter }, { printArchive }] = await Promise.all([
    import("./line_printer.ts"),
    import("./print_archive.ts"),
  ]);
  const printer = new LinePrinter(context.stdout);
  const progress = new Progress(context, "read", { quiet: context.stdout.isTerminal });
  let [count, bytes] = [0, 0];
  const onProgress = (newEvents: number, newBytes: number) =>
    progress.update(count += newEvents, bytes += newBytes);
  using second = new SecondThread();
  try {
    for await (const source of sources) {
      const { name, pieces, bytesAhead } = source;
      const salvage = onDamage && { onDamage: (damage: ArchiveDamage) => onDamage(name, damage) };
      const isLarge = limit === Infinity && bytes + bytesAhead * EXPANSION >= THREAD_FROM;
      const thread = isLarge ? await second.get() : undefined;
      const printed = thread === undefined
        ? printArchive(pieces, printer, { limit: limit - count, onProgress, ...salvage })
        : thread.print(pieces, printer, { onProgress, ...salvage });
      await printed.catch((error) => {
        throw named(source, error);
      });
      if (count >= limit) break;
    }
  } finally {
    // Also when the archive is damaged: the events before the damage are good.
    await printer.end();
  }
  await progress.clear();
  return count;
}

/** The second thread, which is started when it is first needed. */
class SecondThread implements Disposable {
  #started: Promise<LinesThread | undefined> | undefined;
  #thread: LinesThread | undefined;

  /** Returns the thread; undefined if it cannot be started. */
  async get(): Promise<LinesThread | undefined> {
    const { LinesThread } = await import("./lines_thread.ts");
    return this.#thread = await (this.#started ??= LinesThread.start());
  }

  [Symbol.dispose](): void {
    this.#thread?.[Symbol.dispose]();
  }
}

/** Says in which file something is wrong. */
function named({ name, isArgument }: CatSource, error: unknown): unknown {
  if (!(error instanceof ArchiveFormatError)) return error;
  const hint = isArgument && error.offset === 0 ? " (is it a .tri file?)" : "";
  return new TritonError(`Cannot read "${name}": ${error.message}${hint}`, { cause: error });
}
