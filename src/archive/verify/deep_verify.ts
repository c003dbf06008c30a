import { promisesManifest } from "../../codec/tri/archive_format.ts";
import { type QuarantinedRecord, readQuarantine } from "../../codec/tri/archive_quarantine.ts";
import { readArchiveBlocks } from "../../codec/tri/archive_reader.ts";
import { ArchiveFormatError } from "../../base/errors.ts";
import { compareSequenceNumbers, type ShardId } from "../../base/record.ts";
import type { ManifestShard } from "../../codec/tri/archive_manifest.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { FileBuffer } from "../file_buffer.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import {
  HEAD_BYTES,
  type InspectedArchive,
  isAboutFile,
  type ReadManifestsOptions,
} from "./manifests.ts";
import { retryingStore } from "../retrying_store.ts";
import { READ_AHEAD, readAhead } from "../read_ahead.ts";
import type { ArchiveSurvey } from "./survey.ts";

/** A file whose end was read, and whose rest is to be. */
export interface FileToRead extends ArchiveEntry {
  readonly isProvable: boolean;
  /** The shards with records that are not events. */
  readonly quarantine: ReadonlyMap<ShardId, ManifestShard>;
}

/** How to read the files. */
export interface VerifyContentsOptions extends ReadManifestsOptions {
  readonly survey: ArchiveSurvey;
  /** Called after each file with the number of files read, and their bytes. */
  readonly onProgress?: ((files: number, bytes: number) => void | Promise<void>) | undefined;
}

/** What is needed later to read a file whole. */
export function toRead(file: InspectedArchive): FileToRead {
  if (file.type !== "provable") {
    return { ...file.entry, isProvable: false, quarantine: new Map() };
  }
  const shards = [...file.manifest.shards].filter(([, { quarantined }]) => quarantined > 0);
  return { ...file.entry, isProvable: true, quarantine: new Map(shards) };
}

/**
 * Reads files whole: checksums of chunks, events, counts, the SHA-256 of the events, quarantine.
 */
export async function verifyContents(
  store: ObjectStore,
  files: readonly FileToRead[],
  options: VerifyContentsOptions,
): Promise<void> {
  const { survey, onProgress, signal = new AbortController().signal } = options;
  const reading = retryingStore(store, options);
  let [count, bytes] = [0, 0];
  for await (const file of readAhead(reading, entriesOf(files), { ...READ_AHEAD, signal })) {
    const entry = files[count++]!;
    try {
      await verifyEvents(file, entry, survey);
      if (entry.quarantine.size > 0) await verifyQuarantine(reading, entry);
    } catch (error) {
      if (!isAboutFile(error)) throw error;
      survey.addProblem({ type: "damaged", keys: [entry.key], message: error.message });
    }
    await onProgress?.(count, bytes += entry.size);
  }
}

async function* entriesOf(files: readonly FileToRead[]): AsyncGenerator<ArchiveEntry> {
  yield* files;
}

async function verifyEvents(
  file: FileBuffer,
  { isProvable }: FileToRead,
  survey: ArchiveSurvey,
): Promise<void> {
  const pieces = file.pieces({ reuse: true });
  const source = isProvable ? checkingHead(pieces) : pieces;
  const options = { verifyHash: true, reuse: true };
  for await (const { count, events } of readArchiveBlocks(source, options)) {
    if (isProvable) continue; // counted by the manifest
    survey.events += count;
    survey.bytes += events.length;
  }
}

/** Passes a file on, and fails after it if it has a manifest, but did not promise one. */
async function* checkingHead(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const head = new Uint8Array(HEAD_BYTES);
  let size = 0;
  for await (const piece of file) {
    const part = piece.subarray(0, HEAD_BYTES - size);
    head.set(part, size);
    size += part.length;
    yield piece;
  }
  if (promisesManifest(head.subarray(0, size))) return;
  throw new ArchiveFormatError("Cannot trust archive: its first bytes are not those of its kind", {
    offset: 0,
  });
}

/** Checks that the records that are not events are those of the manifest. */
async function verifyQuarantine(store: ObjectStore, entry: FileToRead): Promise<void> {
  const counts = new Map<ShardId, number>();
  for await (const record of readQuarantine(await store.get(entry.key))) {
    const { shardId } = record;
    const range = entry.quarantine.get(shardId);
    if (range === undefined || !isWithin(record, range)) {
      throw quarantineError(`record ${record.sequenceNumber} of ${shardId} is not in its range`);
    }
    counts.set(shardId, (counts.get(shardId) ?? 0) + 1);
  }
  for (const [shardId, { quarantined }] of entry.quarantine) {
    const found = counts.get(shardId) ?? 0;
    if (found === quarantined) continue;
    throw quarantineError(
      `of ${shardId} it has ${found} records, the manifest says ${quarantined}`,
    );
  }
}

function isWithin({ sequenceNumber }: QuarantinedRecord, { first, last }: ManifestShard): boolean {
  return compareSequenceNumbers(first, sequenceNumber) <= 0 &&
    compareSequenceNumbers(sequenceNumber, last) <= 0;
}

function quarantineError(why: string): ArchiveFormatError {
  return new ArchiveFormatError(`Cannot trust quarantine: ${why}`, { offset: 0 });
}
