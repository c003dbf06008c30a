import type { ArchiveDamage, ReadArchiveOptions } from "../codec/tri/archive_decoder.ts";
import type { ArchiveBlock } from "../codec/tri/archive_events.ts";
import { readArchiveBlocks } from "../codec/tri/archive_reader.ts";
import { namingKey } from "./archive_record.ts";
import type { FileBuffer } from "./file_buffer.ts";

/** A part of an archive whose events are lost. */
export interface ArchiveFileDamage extends ArchiveDamage {
  /** Key of the archive. */
  readonly key: string;
}

/** Whole events of an archive, and which archive it is. */
export interface KeyedArchiveBlock extends ArchiveBlock {
  /** Key of the archive. */
  readonly key: string;
}

/** Options of {@linkcode readBlocks}. */
export interface ReadBlocksOptions extends Pick<ReadArchiveOptions, "reuse" | "verifyHash"> {
  /** Called with each damaged part, after which reading continues. Default: damage is an error. */
  readonly onDamage?: ((damage: ArchiveFileDamage) => void) | undefined;
}

/**
 * Yields the events of a file, many at a time.
 *
 * @throws {ArchiveFormatError} If the file is damaged; the message names it.
 */
export async function* readBlocks(
  file: FileBuffer,
  { reuse = false, verifyHash = false, onDamage }: ReadBlocksOptions = {},
): AsyncGenerator<KeyedArchiveBlock, void, void> {
  const { key } = file.entry;
  const salvage = onDamage &&
    { onDamage: (damage: ArchiveDamage) => onDamage({ key, ...damage }) };
  try {
    const pieces = file.pieces({ reuse });
    for await (const block of readArchiveBlocks(pieces, { verifyHash, reuse, ...salvage })) {
      yield { key, ...block };
    }
  } catch (error) {
    throw namingKey(key, error);
  }
}
