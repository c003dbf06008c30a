import type {
  GetShardIteratorInput,
  PutRecordsResultEntry,
  Shard as SdkShard,
  StreamDescriptionSummary,
} from "@aws-sdk/client-kinesis";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type {
  KinesisRecord,
  PutResult,
  Shard,
  StartPosition,
  StreamDescription,
} from "../kinesis_api.ts";
import { present, text } from "./response_parts.ts";
import type { ReceivedRecord } from "./received_record.ts";

/** Settings that older and local services do not report. */
export function toSettings(
  { EncryptionType, KeyId, MaxRecordSizeInKiB, ConsumerCount }: StreamDescriptionSummary,
): Pick<StreamDescription, "encryptionKey" | "maxRecordBytes" | "fanOutConsumers"> {
  return {
    ...(EncryptionType === "KMS" && { encryptionKey: KeyId ?? "" }),
    ...(MaxRecordSizeInKiB && { maxRecordBytes: MaxRecordSizeInKiB * 1024 }),
    ...(ConsumerCount && { fanOutConsumers: ConsumerCount }),
  };
}

export function toShard(shard: SdkShard, what: string): Shard {
  const range = present(shard.SequenceNumberRange, what, "SequenceNumberRange");
  const parents = [shard.ParentShardId, shard.AdjacentParentShardId];
  return {
    id: text(shard.ShardId, what, "ShardId") as ShardId,
    parents: parents.filter((id) => id !== undefined && id !== null) as ShardId[],
    startingSequenceNumber: text(
      range.StartingSequenceNumber,
      what,
      "StartingSequenceNumber",
    ) as SequenceNumber,
    endingSequenceNumber: (range.EndingSequenceNumber ?? undefined) as SequenceNumber | undefined,
  };
}

export function toIteratorInput(
  position: StartPosition,
): Pick<GetShardIteratorInput, "StartingSequenceNumber" | "Timestamp"> & {
  ShardIteratorType: NonNullable<GetShardIteratorInput["ShardIteratorType"]>;
} {
  switch (position.type) {
    case "trim-horizon":
      return { ShardIteratorType: "TRIM_HORIZON" };
    case "latest":
      return { ShardIteratorType: "LATEST" };
    case "at-timestamp":
      return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: position.timestamp };
    case "after":
      return {
        ShardIteratorType: "AFTER_SEQUENCE_NUMBER",
        StartingSequenceNumber: position.sequenceNumber,
      };
  }
}

/** Checks that records are complete. */
export function whole(records: readonly ReceivedRecord[], what: string): readonly KinesisRecord[] {
  for (const { sequenceNumber, partitionKey, data, arrivedAt } of records) {
    text(sequenceNumber, what, "SequenceNumber");
    text(partitionKey, what, "PartitionKey");
    present(data, what, "Data");
    present(arrivedAt, what, "ApproximateArrivalTimestamp");
  }
  return records as readonly KinesisRecord[];
}

export function toPutResult(result: PutRecordsResultEntry, what: string): PutResult {
  if (result.ErrorCode !== undefined && result.ErrorCode !== null) {
    return { ok: false, code: result.ErrorCode, message: result.ErrorMessage ?? "" };
  }
  return {
    ok: true,
    shardId: present(result.ShardId, what, "ShardId") as ShardId,
    sequenceNumber: present(result.SequenceNumber, what, "SequenceNumber") as SequenceNumber,
  };
}
