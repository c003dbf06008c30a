import type { PartStatus } from "../../telemetry/program_monitor.ts";

/** The status of a program that reads and writes streams. */
export interface ProgramStatus {
  /** The moment. */
  readonly at: Date;
  /** The version of Triton. */
  readonly version: string;
  /** When the monitor was opened. */
  readonly startedAt: Date;
  /** Its readers and writers. */
  readonly parts: readonly PartStatus[];
}

/** The name of a reader or a writer, for people. */
export function nameOfPart({ stream, type, client }: PartStatus): string {
  return `${stream} (${type}${client === "" ? "" : ` ${client}`})`;
}

/** How many records were read, or put. */
export function countOfPart({ type, totals }: PartStatus): number {
  const names = type === "writer"
    ? ["triton.writer.records"]
    : ["triton.reader.records", "triton.reader.archived.records"];
  return names.reduce((sum, name) => sum + (totals[name] ?? 0), 0);
}
