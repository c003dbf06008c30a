/**
 * Keeping track of what a file says of itself while it is read from front to back.
 *
 * @module
 */

import { ArchiveFormatError } from "../../base/errors.ts";
import { MANIFEST, OPENING, QUARANTINE, startsWith } from "./archive_format.ts";
import type { ArchiveManifest } from "./archive_manifest.ts";
import { MAX_MANIFEST_BYTES, readManifest } from "./archive_tail.ts";
import { concatBytes } from "../byte_source.ts";
import { crc32c } from "../snappy/crc32c.ts";
import { HEADER_SIZE, IDENTIFIER, type SnappyChunk } from "../snappy/chunks.ts";

/** What was read of a file's events, to hold against its manifest. */
export interface EventTotals {
  /** How many events were read. */
  readonly events: number;
  /** Their size in bytes, uncompressed. */
  readonly bytes: number;
  /** Their SHA-256 in hexadecimal digits, if it was computed. */
  readonly sha256: string | undefined;
}

/** Watches the chunks of one archive for the promise of a manifest, quarantine and the manifest. */
export class ArchiveFooter {
  #promised = false;
  #quarantineBytes = 0;
  #quarantineCrc32c = 0;
  /** The chunks of type 0x80 that no others follow. */
  #tail: Uint8Array[] = [];
  #tailSize = 0;

  /** Whether the archive began with the promise that a manifest follows. */
  get promised(): boolean {
    return this.#promised;
  }

  /** Says that an archive begins with this chunk, right after the stream identifier. */
  promise(): void {
    this.#promised = true;
  }

  /** Takes note of a chunk. */
  see(chunk: SnappyChunk): void {
    // An identifier after the manifest may begin another archive, appended to this one.
    if (chunk.type === IDENTIFIER) return;
    if (chunk.type !== MANIFEST) {
      this.#tail = [];
      this.#tailSize = 0;
      if (chunk.type === QUARANTINE) this.#sum(chunk.bytes.subarray(HEADER_SIZE));
    } else if (this.#tailSize + chunk.bytes.length <= MAX_MANIFEST_BYTES) {
      this.#tail.push(chunk.bytes.slice());
      this.#tailSize += chunk.bytes.length;
    }
  }

  #sum(body: Uint8Array): void {
    this.#quarantineBytes += body.length;
    this.#quarantineCrc32c = crc32c(body, this.#quarantineCrc32c);
  }

  /**
   * Reads the manifest, once all chunks of the archive were seen.
   *
   * @param end Where the archive ends, in bytes from the start of the file.
   * @returns The manifest; undefined if there is none, and none was promised.
   * @throws {ArchiveFormatError} If it is damaged, does not match the quarantine, or is missing
   * though it was promised.
   */
  manifest(end: number): ArchiveManifest | undefined {
    const search = readManifest(concatBytes(this.#tail), end);
    if (search.type !== "found") {
      if (!this.#promised) return undefined;
      throw footerError(end, "it promises a manifest and does not end with one, so it was cut off");
    }
    const { manifest } = search;
    compare("quarantineBytes", manifest.quarantineBytes, this.#quarantineBytes, end);
    compare("quarantineCrc32c", manifest.quarantineCrc32c, this.#quarantineCrc32c, end);
    return manifest;
  }
}

/**
 * Tells whether a chunk is the opening of an archive of this library.
 *
 * @param chunk The chunk.
 * @param previousType Type of the chunk before it.
 * @returns Whether an archive begins here: the first of the file, or one appended to another.
 */
export function isOpening(chunk: SnappyChunk, previousType: number | undefined): boolean {
  return chunk.type === MANIFEST && previousType === IDENTIFIER &&
    chunk.bytes.length === OPENING.length && startsWith(chunk.bytes, OPENING);
}

/**
 * Holds what was read of an archive against its manifest.
 *
 * @param manifest The manifest.
 * @param totals What was read.
 * @param end Where the archive ends, in bytes from the start of the file.
 * @throws {ArchiveFormatError} If they differ.
 */
export function checkTotals(manifest: ArchiveManifest, totals: EventTotals, end: number): void {
  compare("events", manifest.events, totals.events, end);
  compare("bytes", manifest.bytes, totals.bytes, end);
  if (totals.sha256 !== undefined) compare("sha256", manifest.sha256, totals.sha256, end);
}

function compare(name: string, said: number | string, found: number | string, end: number): void {
  if (said !== found) {
    throw footerError(end, `its manifest says "${name}" is ${said}, but it is ${found}`);
  }
}

function footerError(offset: number, why: string): ArchiveFormatError {
  return new ArchiveFormatError(`Cannot trust archive that ends at offset ${offset}: ${why}`, {
    offset,
  });
}
