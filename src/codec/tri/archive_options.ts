/**
 * How to read an archive, and what is told of one that is damaged.
 *
 * @module
 */

import type { ArchiveFormatError } from "../../base/errors.ts";
import type { ArchiveManifest } from "./archive_manifest.ts";

/** A part of a file whose events are lost. */
export interface ArchiveDamage {
  /** Where the chunk with the first lost event is, in bytes from the start of the file. */
  readonly offset: number;
  /** How many bytes of the file are lost; 0 if only the file's totals are wrong. */
  readonly length: number;
  /** What is wrong. */
  readonly error: ArchiveFormatError;
}

/** How to read an archive. */
export interface ReadArchiveOptions {
  /**
   * Whether to hold the events' SHA-256 against the manifest, at the end of the file. The numbers
   * of events and bytes always are, and each chunk against its own checksum.
   */
  readonly verifyHash?: boolean;
  /**
   * Salvages: told of each damaged part, after which reading goes on. Without it damage is an
   * error.
   *
   * After damage, events are lost up to the next stream identifier. In archives of this library
   * one stands before every chunk that begins with an event, so that a damaged chunk costs its own
   * events only; in archives of go-triton one stands at every flush of about 1 MiB, at an event's
   * start. So no event comes back that was not one. For files of other writers this can be promised
   * only if they, too, put stream identifiers nowhere but before an event; one without any but the
   * first is lost from the damage on. And where the header of a chunk is destroyed, a complete
   * archive that is part of an event's data may be taken for part of the file.
   *
   * The time that it takes is linear in the file's size, whatever the file holds. So of a file that
   * was made to look like many chunks within each other some may be passed over.
   */
  readonly onDamage?: (damage: ArchiveDamage) => void;
  /**
   * Whether to put the events of each block where those of the one before were: a block is then
   * valid until the next one is asked for. That takes less time and memory.
   */
  readonly reuse?: boolean;
  /** Told of the file's manifest when all before it has been read and checked. */
  readonly onManifest?: (manifest: ArchiveManifest) => void;
}
