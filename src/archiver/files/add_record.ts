import { getLogger } from "@logtape/logtape";
import { type ArchiveBuilder, validateEvent } from "../../codec/mod.ts";
import { ArchiveFormatError } from "../../base/errors.ts";
import type { KinesisRecord, Records } from "../../kinesis/kinesis_api.ts";
import { deaggregate, type UserRecord, type UserRecords } from "../../kinesis/user_records.ts";
import type { ShardId } from "../../base/record.ts";

const log = getLogger(["triton", "archiver"]);

/**
 * How many bad records of one aggregate are quarantined by themselves. A megabyte has room for
 * 170,000, which quarantine would make a hundred times as large.
 */
const MAX_QUARANTINED = 100;

/**
 * How many quarantined records of one file are logged. A stream of nothing else would otherwise take
 * more time and memory to be logged than to be archived.
 */
const MAX_LOGGED = 100;

/**
 * Adds what is in Kinesis records to an archive: packed events up to where something else is or the
 * archive is full, or one record.
 *
 * @param options `from` is the first record to add, `maxSize` the size of a full archive, in bytes, and
 * `stream` is for the log.
 * @returns The first record that was not added.
 */
export function addRecords(
  builder: ArchiveBuilder,
  shardId: ShardId,
  records: Records,
  { from, maxSize, stream }: {
    readonly from: number;
    readonly maxSize: number;
    readonly stream: string;
  },
): number {
  const { packed } = records;
  const next = packed === undefined ? from : builder.addRun(shardId, packed, from, maxSize);
  if (next > from) return next;
  addRecord(builder, shardId, records.at(from)!, stream);
  return from + 1;
}

/**
 * Adds what is in a Kinesis record. What is not an event goes into quarantine, with
 * the reason; of an aggregate only the records in it that are not events, but if these are very many,
 * the first of them and the whole Kinesis record.
 */
function addRecord(
  builder: ArchiveBuilder,
  shardId: ShardId,
  record: KinesisRecord,
  stream: string,
): void {
  const inside = deaggregate(record);
  if (inside !== undefined) return addAggregate(builder, shardId, { record, inside, stream });
  const fault = addEvent(builder, shardId, record);
  if (fault !== undefined) quarantine(builder, { stream, shardId, reason: fault }, record);
}

function addAggregate(
  builder: ArchiveBuilder,
  shardId: ShardId,
  { record, inside, stream }: {
    readonly record: KinesisRecord;
    readonly inside: UserRecords;
    readonly stream: string;
  },
): void {
  let bad = 0;
  for (const userRecord of inside) {
    const fault = addEvent(builder, shardId, userRecord);
    if (fault === undefined) continue;
    if (++bad <= MAX_QUARANTINED) {
      quarantine(builder, { stream, shardId, reason: fault }, userRecord);
    }
  }
  if (bad <= MAX_QUARANTINED) return;
  const reason = `Aggregate of ${inside.length} records, of which ${bad} are not events; ` +
    `the first ${MAX_QUARANTINED} of these are in quarantine by themselves too`;
  quarantine(builder, { stream, shardId, reason }, record);
}

/** Adds an event; says why, if it is none. */
function addEvent(
  builder: ArchiveBuilder,
  shardId: ShardId,
  record: UserRecord,
): string | undefined {
  try {
    validateEvent(record.data);
    builder.add(shardId, record, record.data);
    return undefined;
  } catch (error) {
    if (error instanceof ArchiveFormatError) return error.message;
    throw error;
  }
}

function quarantine(
  builder: ArchiveBuilder,
  { stream, shardId, reason }: {
    readonly stream: string;
    readonly shardId: ShardId;
    readonly reason: string;
  },
  record: UserRecord,
): void {
  builder.quarantine({ ...record, shardId, reason });
  if (builder.quarantined > MAX_LOGGED) return;
  log.warn("Record {sequenceNumber} of {shardId} is not an event, quarantined: {reason}", {
    event: "record.quarantined",
    stream,
    shardId,
    sequenceNumber: record.sequenceNumber,
    subSequenceNumber: record.subSequenceNumber,
    reason,
  });
}
