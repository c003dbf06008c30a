import { createHash } from "node:crypto";
import { readArchiveBlocks } from "../../codec/tri/archive_reader.ts";
import { namingKey } from "../archive_record.ts";
import type { FileBuffer } from "../file_buffer.ts";
import type { ExportTarget } from "./export_target.ts";
import { type ExportedArchive, Outputs, type OutputsOptions } from "./outputs.ts";

/** How archives become outputs. */
export interface ExportArchiveOptions extends OutputsOptions {
  /** Called after each chunk with the number of events and their bytes since the last call. */
  readonly onProgress: (events: number, bytes: number) => void | Promise<void>;
}

/**
 * Makes one archive into outputs: one named after it, and earlier ones if it is very large; with
 * partitions, such ones in each partition.
 *
 * The rows of each output depend on the archive, the partitions and the numbers of the table alone. So
 * whoever puts an output, and how often, it has the same rows; the last object, which says that the
 * archive is done, is put after all others, and only if it does not exist. Several outputs, and
 * those that replace outputs of another input, are in the log of the archive before they are put, with
 * the input that they are of.
 *
 * @throws {ArchiveFormatError} If the archive is damaged; the message names it.
 * @throws {TritonError} If it changes meanwhile.
 */
export async function exportArchive(
  file: FileBuffer,
  target: ExportTarget,
  { onProgress, ...options }: ExportArchiveOptions,
): Promise<ExportedArchive> {
  const outputs = new Outputs(file.entry, target, options);
  const hash = createHash("sha256");
  let index = 0;
  try {
    for await (const { events } of readArchiveBlocks(hashed(file, hash), { reuse: true })) {
      const before = index;
      index = await outputs.addAll(events, index);
      await onProgress(index - before, events.length);
    }
  } catch (error) {
    throw namingKey(file.entry.key, error);
  }
  return await outputs.finish(hash.digest("hex"));
}

async function* hashed(
  file: FileBuffer,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of file.pieces({ reuse: true })) {
    hash.update(piece);
    yield piece;
  }
}
