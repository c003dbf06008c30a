import type { ArchiveFormatError } from "../../base/errors.ts";
import type { ArchiveManifest } from "./archive_manifest.ts";

/** A damaged part of a file, whose events are lost. */
export interface ArchiveDamage {
  /** Offset of the chunk with the first lost event, in bytes from the start of the file. */
  readonly offset: number;
  /** Number of bytes of the file that are lost; 0 if only the totals of the file are wrong. */
  readonly length: number;
  /** What is wrong. */
  readonly error: ArchiveFormatError;
}

/** Options for reading an archive. */
export interface ReadArchiveOptions {
  /**
   * Whether to check the SHA-256 of the events against the manifest, at the end of the file. The
   * numbers of events and bytes, and the checksum of each chunk, are always checked.
   */
  readonly verifyHash?: boolean;
  /**
   * Salvages: called for each damaged part, after which reading continues. Default: damage is an
   * error.
   *
   * After damage, events are lost up to the next stream identifier. In archives of this library, one
   * precedes every chunk that starts with an event, so a damaged chunk loses only its own events. In
   * archives of go-triton, one is at every flush of about 1 MiB, at the start of an event. So only
   * real events are returned. For files of other writers, this holds only if they too put stream
   * identifiers only before an event; in a file whose only one is at the start, everything after the
   * damage is lost. If the header of a chunk is destroyed, a complete archive that is part of an
   * event's data can be mistaken for a part of the file.
   *
   * The time is linear in the size of the file, whatever it contains. So in a file that is crafted to
   * look like many nested chunks, some may be skipped.
   */
  readonly onDamage?: (damage: ArchiveDamage) => void;
  /**
   * Whether blocks share one buffer, which saves time and memory: a block is then valid only until
   * the next one is requested.
   */
  readonly reuse?: boolean;
  /** Called with the manifest after everything before it has been read and checked. */
  readonly onManifest?: (manifest: ArchiveManifest) => void;
}
