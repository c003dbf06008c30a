import { ArchiveFormatError, TritonError } from "../../../base/errors.ts";
import type { ArchiveDamage } from "../../../codec/tri/archive_options.ts";
import type { ArchiveOptions } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import { countBytes, sizeOfInputs } from "../../read_input.ts";
import { Progress } from "../../text/progress.ts";
import { UsageError } from "../../options/usage_error.ts";
import { say } from "../../text/say.ts";
import { formatBytes } from "../../text/format.ts";
import type { CatFormat, EventColumns } from "./event_columns.ts";
import { type CatSource, fileSources } from "./file_sources.ts";
import { LinePrinter } from "./line_printer.ts";
import { printArchive } from "./print_archive.ts";

/** Options of `triton cat`. */
export interface CatOptions extends Partial<ArchiveOptions> {
  readonly limit?: number;
  readonly salvage?: boolean;
  readonly withKey?: boolean;
  readonly format?: CatFormat;
  readonly columns?: string;
}

/** Receives the bytes that could not be read and were skipped. */
type OnDamage = (name: string, damage: ArchiveDamage) => void;

/**
 * Prints files, or the archives of a stream, as JSON lines.
 *
 * @param files Paths of files; none to read a bucket.
 */
export async function runCat(
  files: readonly string[],
  options: CatOptions,
  context: CliContext,
): Promise<void> {
  const reports: Promise<void>[] = [];
  const onDamage: OnDamage = (name, { length, error }) => {
    const lost = length === 0 ? "" : ` (skipped ${formatBytes(length)})`;
    reports.push(say(context, `${name}: ${error.message}${lost}`));
  };
  const columns = await columnsOf(options);
  const input = await inputOf(files, options, context);
  const salvage = options.salvage === true ? onDamage : undefined;
  const count = await print(input, options, context, { onDamage: salvage, columns });
  if (count === 0 && context.stderr.isTerminal) {
    const isListed = files.length > 0 || options.keysFrom !== undefined;
    const where = isListed ? "in these files" : `of ${options.stream} on these days`;
    await say(context, `No events ${where}`);
  }
  await Promise.all(reports);
  if (columns !== undefined && columns.strays > 0) {
    const { straysText } = await import("./print_columns.ts");
    await say(context, straysText(columns.strays));
  }
  if (reports.length > 0) throw new TritonError("Parts of the archive are damaged; see above");
}

/** What is printed, and how many bytes that takes to read. */
interface CatInput {
  readonly sources: AsyncIterable<CatSource>;
  readonly total: (signal: AbortSignal) => Promise<number | undefined>;
}

async function inputOf(
  files: readonly string[],
  options: CatOptions,
  context: CliContext,
): Promise<CatInput> {
  if (files.length > 0) {
    const sources = fileSources(files, options, context);
    return { sources, total: () => sizeOfInputs(files, context) };
  }
  const { bucketBytes, bucketSources } = await import("./bucket_sources.ts");
  const sources = bucketSources(options, context);
  return { sources, total: (signal) => bucketBytes(options, context, signal) };
}

/** The columns to print; undefined for whole events. */
async function columnsOf(
  { columns, format = "ndjson", withKey = false }: CatOptions,
): Promise<EventColumns | undefined> {
  if (columns !== undefined) {
    const { openColumns } = await import("./print_columns.ts");
    return openColumns(columns, format, withKey);
  }
  if (format === "ndjson") return undefined;
  throw new UsageError(
    "Cannot cat as CSV: pass --columns, such as 'user.id, page, at'; " +
      "triton export --print-schema prints which there are",
  );
}

/** Prints at most `limit` events; returns how many there were. */
async function print(
  { sources, total }: CatInput,
  { limit = Infinity, withKey = false }: CatOptions,
  context: CliContext,
  { onDamage, columns }: {
    readonly onDamage: OnDamage | undefined;
    readonly columns: EventColumns | undefined;
  },
): Promise<number> {
  const printer = new LinePrinter(context.stdout);
  const progress = new Progress(context, "read", {
    beside: context.stdout,
    total: limit === Infinity ? total : () => Promise.resolve(limit),
  });
  let [count, bytes, read] = [0, 0, 0];
  const onProgress = (newEvents: number, newBytes: number) =>
    progress.update(count += newEvents, bytes += newBytes, limit === Infinity ? read : count);
  const counted = (pieces: CatSource["pieces"]) =>
    progress.isShown ? countBytes(pieces, (size) => read += size) : pieces;
  try {
    if (columns !== undefined) printer.lines.add(columns.header);
    for await (const source of sources) {
      const { name } = source;
      const pieces = counted(source.pieces);
      const salvage = onDamage && { onDamage: (damage: ArchiveDamage) => onDamage(name, damage) };
      const file = withKey ? name : undefined;
      const reading = { onProgress, file, limit: limit - count, ...salvage };
      const printed = columns === undefined
        ? printArchive(pieces, printer, reading)
        : (await import("./print_columns.ts")).printColumns(pieces, printer, columns, reading);
      await printed.catch((error) => {
        throw named(source, error);
      });
      if (count >= limit) break;
    }
  } finally {
    // Also when the archive is damaged: the events before the damage are good.
    await printer.end();
  }
  await progress.end();
  return count;
}

/** Says in which file something is wrong. */
function named({ name, isArgument }: CatSource, error: unknown): unknown {
  if (!(error instanceof ArchiveFormatError)) return error;
  const hint = isArgument && error.offset === 0 ? " (is it a .tri file?)" : "";
  return new TritonError(`Cannot read "${name}": ${error.message}${hint}`, { cause: error });
}
