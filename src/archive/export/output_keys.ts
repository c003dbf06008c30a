import type { ArchiveEntry } from "../archive_entry.ts";
import type { TableFormat } from "./table_writer.ts";

/** The partition of rows without a time of the years 1 to 9999, as Hive and Spark name it. */
export const NO_DAY = "__HIVE_DEFAULT_PARTITION__";

/** The day of an archive, or of a time in microseconds, as the partition `dt` has it. */
export function dayOf(time: ArchiveEntry | bigint): string {
  if (typeof time === "bigint") {
    const text = new Date(Number(time / 1000n)).toISOString();
    // Others have a sign and six digits, and are no dates for engines.
    return /^(?!0000)\d{4}-/.test(text) ? text.slice(0, 10) : NO_DAY;
  }
  const { day } = time;
  return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
}

/**
 * An archive with a name for the partitions of any day: with its own day, if that is not the day of its
 * time, because archives of other days may have the same name.
 */
export function withUniqueName(entry: ArchiveEntry): ArchiveEntry {
  const isUsual = new Date(entry.createdAt * 1000).toJSON()?.startsWith(dayOf(entry));
  return isUsual ? entry : { ...entry, key: entry.key.replace(/\.tri$/, `.${entry.day}.tri`) };
}

/** The name of an archive, without its day and ending. */
function nameOf({ key }: ArchiveEntry): string {
  return key.slice(key.indexOf("/") + 1).replace(/\.tri$/, "");
}

/** Key of the output with the last rows of an archive, or of one of its parts of a partition. */
export function outputKey(entry: ArchiveEntry, dt: string, format: TableFormat): string {
  return `dt=${dt}/${nameOf(entry)}.${format}`;
}

/** Key of an output with earlier rows; the first is number 1. */
export function pieceKey(
  entry: ArchiveEntry,
  dt: string,
  format: TableFormat,
  number: number,
): string {
  return `dt=${dt}/${nameOf(entry)}.part${number}.${format}`;
}

/** Where the log of the outputs of the archives of a day is. */
export function logFolder(day: string): string {
  return `_triton/log/dt=${day}/`;
}

/** How keys of the log of an archive begin. */
export function logPrefix(entry: ArchiveEntry): string {
  return `${logFolder(dayOf(entry))}${nameOf(entry)}.`;
}

/** Key of what names outputs of a generation before they are put; the first is number 1. */
export function batchKey(entry: ArchiveEntry, generation: number, batch: number): string {
  return `${logPrefix(entry)}${generation}.${batch}.json`;
}

/** Key of what says that all outputs of a generation are there. */
export function markerKey(entry: ArchiveEntry, generation: number): string {
  return `${logPrefix(entry)}${generation}.done.json`;
}

/** The parts of a key of the log; undefined for another key. */
export function parseLogKey(key: string): {
  readonly prefix: string;
  readonly generation: number;
  /** Undefined for the marker. */
  readonly batch: number | undefined;
} | undefined {
  const match = /^(.+\.)(\d+)\.(\d+|done)\.json$/.exec(key);
  if (match === null) return undefined;
  const [, prefix, generation, batch] = match;
  return {
    prefix: prefix!,
    generation: Number(generation),
    batch: batch === "done" ? undefined : Number(batch),
  };
}
