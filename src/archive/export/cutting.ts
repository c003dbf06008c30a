import { TableSchemaError } from "../tables/column_types.ts";
import type { TableFormat } from "./table_writer.ts";

/**
 * The numbers that decide how the rows of a large archive are cut into outputs. They are in schema.json:
 * whoever finishes an export that was killed must put the same rows into the same outputs.
 *
 * An event counts as its bytes and `eventBytes`, because what is kept of it has columns of its own.
 */
export interface Cutting {
  /** Outputs are put when all that are open have as much. */
  readonly pieceBytes: number;
  /** Outputs are put when as much is not encoded yet, in all that are open. */
  readonly pendingBytes: number;
  /** The events of an output are encoded when they are as much: a row group of Parquet. */
  readonly groupBytes: number;
  /** What an event counts beside its bytes. */
  readonly eventBytes: number;
  /** What an output that is open counts beside its events. */
  readonly outputBytes: number;
}

/** Names of the numbers in schema.json. */
const NAMES: Readonly<Record<keyof Cutting, string>> = {
  pieceBytes: "piece_bytes",
  pendingBytes: "pending_bytes",
  groupBytes: "group_bytes",
  eventBytes: "event_bytes",
  outputBytes: "output_bytes",
};

/** How new tables are cut, so that an export takes less than 300 MiB. */
export function defaultCutting(format: TableFormat): Cutting {
  const common = { groupBytes: 8 << 20, outputBytes: 4096 };
  // CSV is kept as it is until it is put, and each line has the key of the archive.
  return format === "csv"
    ? { ...common, pieceBytes: 48 << 20, pendingBytes: 24 << 20, eventBytes: 96 }
    : { ...common, pieceBytes: 128 << 20, pendingBytes: 32 << 20, eventBytes: 16 };
}

/** The numbers as schema.json has them. */
export function cuttingJson(cutting: Cutting): Readonly<Record<string, number>> {
  return Object.fromEntries(keysOfCutting().map((key) => [NAMES[key], cutting[key]]));
}

/**
 * Reads the numbers of a table.
 *
 * @throws {TableSchemaError} If they are not exactly these: a newer version may cut otherwise.
 */
export function parseCutting(json: unknown): Cutting {
  const numbers = typeof json === "object" && json !== null ? json : {};
  const wanted = keysOfCutting().map((key) => NAMES[key]);
  const isKnown = Object.keys(numbers).sort().join() === wanted.toSorted().join() &&
    Object.values(numbers).every((value) => Number.isSafeInteger(value) && value >= 0);
  if (!isKnown) {
    throw new TableSchemaError(
      `Cannot read how the table is cut into files: "cut" must have the numbers ${
        wanted.join(", ")
      }; ` +
        "a newer version of Triton may have made it",
    );
  }
  const found = numbers as Record<string, number>;
  const read = Object.fromEntries(keysOfCutting().map((key) => [key, found[NAMES[key]]]));
  return read as unknown as Cutting;
}

function keysOfCutting(): readonly (keyof Cutting)[] {
  return Object.keys(NAMES) as (keyof Cutting)[];
}
