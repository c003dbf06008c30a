import { getLogger } from "@logtape/logtape";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { KinesisRecord } from "./kinesis_api.ts";

/**
 * Leaves out records at or before the last one read, and records that are twice in the response.
 *
 * @param records The records delivered, of one shard.
 * @param shard The shard, and the last record read of it.
 * @returns The others, in order: usually `records` itself, if none is left out.
 */
export function withoutRedelivered(
  records: readonly KinesisRecord[],
  shard: {
    readonly stream: string;
    readonly shardId: ShardId;
    readonly last: SequenceNumber | undefined;
  },
): readonly KinesisRecord[] {
  let { last } = shard;
  const isNew = ({ sequenceNumber }: KinesisRecord) => {
    if (last !== undefined && compareSequenceNumbers(sequenceNumber, last) <= 0) return false;
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
