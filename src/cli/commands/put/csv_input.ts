import { TableSchemaError } from "../../../archive/tables/column_types.ts";
import { type ListedColumn, parseColumnList } from "../../../archive/tables/parse_columns.ts";
import { type CsvRow, CsvRows } from "../../../codec/csv/csv_rows.ts";
import { UsageError } from "../../options/usage_error.ts";
import { CsvEvents } from "./csv_events.ts";
import type { ParseJson } from "./csv_values.ts";
import { MAX_LINE_BYTES, untilAborted } from "./read_lines.ts";

/** What `put` reads CSV with. */
export interface CsvInput {
  /** Reads rows until a signal is aborted; the last one may then be incomplete. */
  readRows(
    source: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<readonly CsvRow[]>;
  /** Returns what makes events of rows, by their header. */
  events(parse: ParseJson): (header: CsvRow) => CsvEvents;
}

/**
 * Makes what reads CSV.
 *
 * @param columns What `--columns` has.
 * @throws {UsageError} If it is no list of columns.
 */
export function openCsv(columns: string | undefined): CsvInput {
  const types = typesIn(columns);
  return { readRows, events: (parse) => (header) => new CsvEvents(header, types, parse) };
}

function typesIn(columns: string | undefined): readonly ListedColumn[] {
  try {
    return columns === undefined ? [] : parseColumnList(columns);
  } catch (error) {
    if (error instanceof TableSchemaError) throw new UsageError(error.message);
    throw error;
  }
}

async function* readRows(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<readonly CsvRow[]> {
  const rows = new CsvRows(MAX_LINE_BYTES);
  for await (const piece of untilAborted(source, signal)) yield rows.push(piece);
  yield rows.end();
}
