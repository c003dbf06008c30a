import { ArchiveLines, type ArchiveLinesOptions } from "../../../codec/tri/archive_lines.ts";
import type { LinePrinter } from "./line_printer.ts";

/** Options of {@linkcode printArchive}. */
export interface PrintArchiveOptions extends ArchiveLinesOptions {
  /** Called after each chunk with the number of events and their bytes since the last call. */
  readonly onProgress: (events: number, bytes: number) => void | Promise<void>;
}

/**
 * Prints the events of one archive; the last lines are written when the printer ends.
 *
 * @throws {ArchiveFormatError} If the archive is damaged, after the events before the damage.
 */
export async function printArchive(
  pieces: AsyncIterable<Uint8Array>,
  printer: LinePrinter,
  { onProgress, ...options }: PrintArchiveOptions,
): Promise<void> {
  const archive = new ArchiveLines(options);
  let [events, bytes] = [0, 0];
  for await (const piece of pieces) {
    archive.push(piece);
    await printChunks();
    if (archive.isFull) return;
  }
  archive.end();
  await printChunks();
  archive.finish();

  async function printChunks(): Promise<void> {
    while (archive.next(printer.lines)) {
      await printer.send();
      if (archive.events === events) continue;
      await onProgress(archive.events - events, archive.bytes - bytes);
      ({ events, bytes } = archive);
    }
  }
}
