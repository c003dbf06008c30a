import { parseColumnList } from "../../../archive/tables/parse_columns.ts";
import { TableSchemaError } from "../../../archive/tables/column_types.ts";
import { skipEvent } from "../../../codec/msgpack/scan.ts";
import { readArchiveBlocks } from "../../../codec/tri/archive_reader.ts";
import { countOf } from "../../text/format.ts";
import { UsageError } from "../../options/usage_error.ts";
import { type CatFormat, EventColumns } from "./event_columns.ts";
import type { LinePrinter } from "./line_printer.ts";
import type { PrintArchiveOptions } from "./print_archive.ts";

/**
 * Reads the columns that are to be printed.
 *
 * @param text What `--columns` has.
 * @throws {UsageError} If it is no list of columns.
 */
export function openColumns(text: string, format: CatFormat, withPlace: boolean): EventColumns {
  try {
    const columns = parseColumnList(text);
    const taken = columns.find(({ path: [key] }) => key === "_file" || key === "_index");
    if (withPlace && taken !== undefined) {
      throw new UsageError(`Cannot cat: --with-key adds ${taken.path[0]}; leave out that column`);
    }
    return new EventColumns(columns, { format, withPlace });
  } catch (error) {
    if (error instanceof TableSchemaError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Prints columns of the events of one archive.
 *
 * @param file Name of the archive.
 * @throws {ArchiveFormatError} If the archive is damaged, after the events before the damage.
 */
export async function printColumns(
  pieces: AsyncIterable<Uint8Array>,
  printer: LinePrinter,
  columns: EventColumns,
  { file = "", limit = Infinity, onProgress, ...options }: PrintArchiveOptions,
): Promise<void> {
  let index = 0;
  for await (const { events } of readArchiveBlocks(pieces, { reuse: true, ...options })) {
    const before = index;
    let [at, lines] = [0, ""];
    while (at < events.length && index < limit) {
      lines += columns.line(events, at, { file, index: index++ });
      at = skipEvent(events, at);
    }
    printer.lines.add(lines);
    await printer.send();
    await onProgress(index - before, at);
    if (index >= limit) break;
  }
}

/** What is said about values that are not in the columns though they should be. */
export function straysText(strays: number): string {
  return `${countOf(strays, "value")} of which --columns names fields ${
    strays === 1 ? "is not a map" : "are not maps"
  }: these fields are left out`;
}
