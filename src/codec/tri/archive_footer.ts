import { ArchiveFormatError } from "../../base/errors.ts";
import { MANIFEST, OPENING, QUARANTINE, startsWith } from "./archive_format.ts";
import type { ArchiveManifest } from "./archive_manifest.ts";
import { MAX_MANIFEST_BYTES, readManifest } from "./archive_tail.ts";
import { concatBytes } from "../../base/bytes.ts";
import { crc32c } from "../snappy/crc32c.ts";
import { HEADER_SIZE, IDENTIFIER, type SnappyChunk } from "../snappy/chunks.ts";

/** Totals of the events that were read; without the SHA-256 if it was not computed. */
export type EventTotals =
  & Pick<ArchiveManifest, "events" | "bytes">
  & Partial<Pick<ArchiveManifest, "sha256">>;

/** Tracks the opening, the quarantine and the manifest in the chunks of one archive. */
export class ArchiveFooter {
  #promised = false;
  #quarantineBytes = 0;
  #quarantineCrc32c = 0;
  /** The chunks of type 0x80 at the end so far. */
  #tail: Uint8Array[] = [];
  #tailSize = 0;

  /** Whether the archive has an opening, which promises a manifest. */
  get promised(): boolean {
    return this.#promised;
  }

  /** Called for the opening of the archive, right after the stream identifier. */
  promise(): void {
    this.#promised = true;
  }

  see(chunk: SnappyChunk): void {
    // An identifier after the manifest may start another archive that is appended to this one.
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
   * Reads the manifest, after all chunks of the archive.
   *
   * @param end Where the archive ends, in bytes from the start of the file.
   * @returns The manifest; undefined if there is none, and none was promised.
   * @throws {ArchiveFormatError} If it is damaged, does not match the quarantine, or is missing
   * although it was promised.
   */
  manifest(end: number): ArchiveManifest | undefined {
    const search = readManifest(concatBytes(this.#tail), end);
    if (search.type !== "found") {
      if (!this.#promised) return undefined;
      throw footerError(
        end,
        "it promises a manifest but does not end with one, so it was truncated",
      );
    }
    const { manifest } = search;
    compare("quarantineBytes", manifest.quarantineBytes, this.#quarantineBytes, end);
    compare("quarantineCrc32c", manifest.quarantineCrc32c, this.#quarantineCrc32c, end);
    return manifest;
  }
}

/**
 * Whether a chunk is the opening of an archive written by this library.
 *
 * @param previousType Type of the chunk before it.
 * @returns Whether an archive starts here: the file's first, or one that is appended to another.
 */
export function isOpening(chunk: SnappyChunk, previousType: number | undefined): boolean {
  return chunk.type === MANIFEST && previousType === IDENTIFIER &&
    chunk.bytes.length === OPENING.length && startsWith(chunk.bytes, OPENING);
}

/**
 * Checks the totals of an archive against its manifest.
 *
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
