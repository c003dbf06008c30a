import { getLogger } from "@logtape/logtape";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { KinesisRecord, Records } from "./kinesis_api.ts";

/** A shard, and the last record read of it. */
interface ReadShard {
  readonly stream: string;
  readonly shardId: ShardId;
  readonly last: SequenceNumber | undefined;
}

/**
 * Does what {@linkcode withoutRedelivered} does, without making objects of packed records if none is
 * left out.
 */
export function newRecords(records: Records, shard: ReadShard): Records {
  const first = records.packed?.isAscending ? records.packed.sequenceNumberOf(0) : undefined;
  if (first !== undefined && isAfter(first, shard.last)) return records;
  return withoutRedelivered([...records], shard);
}

/**
 * Leaves out records at or before the last one read, and records that are twice in the response.
 *
 * @param records The records delivered, of one shard.
 * @param shard The shard, and the last record read of it.
 * @returns The others, in order: usually `records` itself, if none is left out.
 */
export function withoutRedelivered(
  records: readonly KinesisRecord[],
  shard: ReadShard,
): readonly KinesisRecord[] {
  let { last } = shard;
  const isNew = ({ sequenceNumber }: KinesisRecord) => {
    if (!isAfter(sequenceNumber, last)) return false;
    last = sequenceNumber;
    return true;
  };
  const found = records.findIndex((record) => !isNew(record));
  if (found === -1) return records;
  const others = [...records.slice(0, found), ...records.slice(found + 1).filter(isNew)];
  getLogger(["triton", "kinesis"]).warn(
    "{count} records of {shardId} were delivered again, and are left out",
    {
      event: "records.redelivered",
      stream: shard.stream,
      shardId: shard.shardId,
      count: records.length - others.length,
    },
  );
  return others;
}

function isAfter(number: SequenceNumber, last: SequenceNumber | undefined): boolean {
  return last === undefined || compareSequenceNumbers(number, last) > 0;
}
