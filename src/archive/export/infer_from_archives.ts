import { ArchiveFormatError } from "../../base/errors.ts";
import { decodeEvent } from "../../codec/msgpack/decode.ts";
import { eventsIn } from "../../codec/tri/archive_events.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { readBlocks } from "../file_blocks.ts";
import type { FileBuffer } from "../file_buffer.ts";
import { readAhead } from "../read_ahead.ts";
import type { Renames } from "../tables/change_schema.ts";
import type { TableSchema } from "../tables/column_types.ts";
import { SAMPLE_EVENTS, SchemaInference } from "../tables/infer_schema.ts";

/** What is fetched ahead: as much as hides the latency of a bucket. */
export const READ_AHEAD = { files: 16, bytes: 8 << 20 };

/**
 * Infers a schema from the first 10,000 events of archives, those before any damage.
 *
 * @returns Undefined if there are no events.
 * @throws {ArchiveFormatError} If there are none because an archive is damaged.
 */
export async function inferSchema(
  store: ObjectStore,
  entries: AsyncIterable<ArchiveEntry>,
  renames?: Renames,
): Promise<TableSchema | undefined> {
  const inference = new SchemaInference();
  const { signal } = new AbortController();
  let damage: ArchiveFormatError | undefined;
  for await (const file of readAhead(store, entries, { ...READ_AHEAD, signal })) {
    try {
      await addSample(file, inference);
    } catch (error) {
      if (!(error instanceof ArchiveFormatError)) throw error;
      damage ??= error;
      await file.discard();
    }
    if (inference.events >= SAMPLE_EVENTS) break;
  }
  if (inference.events > 0) return inference.schema(renames);
  if (damage !== undefined) throw damage;
  return undefined;
}

/** Adds the events of an archive, until there are enough. */
async function addSample(file: FileBuffer, inference: SchemaInference): Promise<void> {
  for await (const block of readBlocks(file, { reuse: true })) {
    for (const event of eventsIn(block)) {
      if (inference.events >= SAMPLE_EVENTS) return;
      inference.add(decodeEvent(event));
    }
  }
}
