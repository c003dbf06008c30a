import { ArchiveFormatError } from "../../base/errors.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import { EventAssembler, eventsIn } from "./archive_events.ts";
import { ArchiveFooter, isOpening } from "./archive_footer.ts";
import { QUARANTINE } from "./archive_format.ts";
import { Fields } from "./archive_manifest.ts";
import { makeVisible, toBase64 } from "../json/visible.ts";
import { type ByteSource, piecesOf } from "../byte_source.ts";
import { decodeMsgpack } from "../msgpack/decode.ts";
import { encodeMsgpack } from "../msgpack/encode.ts";
import { Slabs } from "../slabs.ts";
import { COMPRESSED, HEADER_SIZE, STORED, STREAM_IDENTIFIER } from "../snappy/chunks.ts";
import { readChunk } from "../snappy/frames.ts";
import { SnappySplitter } from "../snappy/splitter.ts";

/** A record that is not an event. */
export interface QuarantinedRecord {
  /** The shard the record was read from. */
  readonly shardId: ShardId;
  /** The record's sequence number. */
  readonly sequenceNumber: SequenceNumber;
  /** The record's index in an aggregated Kinesis record, from 0; undefined for a whole one. */
  readonly subSequenceNumber?: number | undefined;
  /** The key that picked the shard. */
  readonly partitionKey: string;
  /** When Kinesis received the record, by its own clock. */
  readonly arrivedAt: Date;
  /** Why it is not an event. */
  readonly reason: string;
  /** The original bytes of the record. */
  readonly data: Uint8Array;
}

/**
 * Encodes a record for the quarantine.
 *
 * @param record The record, whose data is copied once.
 * @param slabs Memory for the result. Default: new memory.
 */
export function encodeQuarantined(
  record: QuarantinedRecord,
  slabs: Slabs = new Slabs(),
): Uint8Array<ArrayBuffer> {
  const { shardId, sequenceNumber, partitionKey, arrivedAt, reason, data } = record;
  const known = encodeMsgpack({
    shardId,
    sequenceNumber,
    ...subOf(record.subSequenceNumber),
    partitionKey,
    arrivedAt,
    reason,
    data: NOTHING,
  });
  const beginning = known.subarray(0, -encodeMsgpack(NOTHING).length);
  const header = binaryHeader(data.length);
  const bytes = slabs.take(beginning.length + header.length + data.length);
  bytes.set(beginning);
  bytes.set(header, beginning.length);
  bytes.set(data, beginning.length + header.length);
  return bytes;
}

const NOTHING = new Uint8Array(0);

/** The shortest header of a MessagePack binary with this length. */
function binaryHeader(length: number): Uint8Array {
  const header = new Uint8Array(5);
  const view = new DataView(header.buffer);
  header[0] = length < 2 ** 8 ? 0xc4 : length < 2 ** 16 ? 0xc5 : 0xc6;
  if (length < 2 ** 8) header[1] = length;
  else if (length < 2 ** 16) view.setUint16(1, length);
  else view.setUint32(1, length);
  return header.subarray(0, length < 2 ** 8 ? 2 : length < 2 ** 16 ? 3 : 5);
}

function decodeQuarantined(bytes: Uint8Array, offset: number): QuarantinedRecord {
  const fields = new Fields(decodeMsgpack(bytes), "quarantined record", offset);
  return Object.assign(new Quarantined(), {
    shardId: fields.text("shardId") as ShardId,
    sequenceNumber: fields.text("sequenceNumber") as SequenceNumber,
    ...subOf(fields.optionalCount("subSequenceNumber")),
    partitionKey: fields.text("partitionKey"),
    arrivedAt: fields.date("arrivedAt"),
    reason: fields.text("reason"),
    data: fields.bytes("data"),
  });
}

/** The prototype of records of a quarantine: how they are shown, and their JSON. */
export class Quarantined {}

makeVisible<Quarantined>(Quarantined, {
  name: "QuarantinedRecord",
  fields: (record) => ({ ...record }),
  json: (record) => {
    const { data, ...fields } = record as QuarantinedRecord & { readonly key?: string };
    const { shardId, sequenceNumber, subSequenceNumber, partitionKey, arrivedAt, reason } = fields;
    return {
      ...{ shardId, sequenceNumber, subSequenceNumber, partitionKey, arrivedAt, reason },
      ...{ key: fields.key, size: data.length, data: toBase64(data) },
    };
  },
});

/** The sub-sequence number, if there is one. */
function subOf(subSequenceNumber: number | undefined): { subSequenceNumber?: number } {
  return subSequenceNumber === undefined ? {} : { subSequenceNumber };
}

/**
 * Reads the quarantine of an archive: its records that are not events.
 *
 * Skips the events without uncompressing them, and keeps the quarantine in memory until the manifest
 * at the end of the file has confirmed it. An archive without a manifest was written by another
 * program and has no quarantine, whatever chunks it contains.
 *
 * @example Usage
 * ```ts
 * import { EMPTY_ARCHIVE, readQuarantine } from "@triton/triton/codec";
 * for await (const record of readQuarantine(EMPTY_ARCHIVE)) {
 *   console.error(`${record.shardId} ${record.sequenceNumber}: ${record.reason}`);
 * }
 * ```
 * @param source The file's bytes, in pieces of any size.
 * @returns The records, in the order in which they were archived.
 * @throws {ArchiveFormatError} With an offset in the file, if it is truncated, or if quarantine or
 * manifest are damaged.
 */
export async function* readQuarantine(
  source: ByteSource,
): AsyncGenerator<QuarantinedRecord, void, void> {
  const reader = new QuarantineReader();
  for await (const piece of piecesOf(source)) yield* reader.push(piece);
  yield* reader.end();
}

/** A quarantine chunk, kept until the manifest confirms it. */
interface KeptChunk {
  readonly offset: number;
  readonly body: Uint8Array;
}

class QuarantineReader {
  readonly #splitter = new SnappySplitter();
  #footer = new ArchiveFooter();
  #previousType: number | undefined;
  #kept: KeptChunk[] = [];

  *push(piece: Uint8Array): Generator<QuarantinedRecord, void, void> {
    this.#splitter.push(piece);
    yield* this.#drain();
  }

  *end(): Generator<QuarantinedRecord, void, void> {
    this.#splitter.end();
    yield* this.#drain();
    yield* this.#finish(this.#splitter.offset);
  }

  *#drain(): Generator<QuarantinedRecord, void, void> {
    const splitter = this.#splitter;
    for (let chunk = splitter.next(); chunk !== undefined; chunk = splitter.next()) {
      const isData = chunk.type === COMPRESSED || chunk.type === STORED;
      if (!isData || chunk.offset === 0) readChunk(chunk);
      if (isOpening(chunk, this.#previousType)) {
        yield* this.#finish(chunk.offset - STREAM_IDENTIFIER.length);
        this.#footer = new ArchiveFooter();
        this.#footer.promise();
      }
      this.#footer.see(chunk);
      this.#previousType = chunk.type;
      if (chunk.type === QUARANTINE) {
        this.#kept.push({ offset: chunk.offset, body: chunk.bytes.slice(HEADER_SIZE) });
      }
    }
  }

  /** Ends an archive; without a manifest, the chunks are another program's and are dropped. */
  *#finish(end: number): Generator<QuarantinedRecord, void, void> {
    const manifest = this.#footer.manifest(end);
    const kept = this.#kept;
    this.#kept = [];
    if (manifest === undefined) return;
    const assembler = new EventAssembler();
    let count = 0;
    for (const { offset, body } of kept) {
      for (const block of assembler.add(body, offset)) {
        for (const bytes of eventsIn(block)) {
          count++;
          yield decodeQuarantined(bytes, block.offset);
        }
      }
    }
    if (assembler.openOffset !== undefined || count !== manifest.quarantined) {
      throw new ArchiveFormatError(
        `Cannot trust quarantine: it has ${count} records, the manifest says ${manifest.quarantined}`,
        { offset: assembler.openOffset ?? end },
      );
    }
  }
}
