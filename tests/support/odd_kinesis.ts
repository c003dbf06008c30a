import { KinesisError } from "../../src/errors.ts";
import {
  type GetRecordsOptions,
  type KinesisRecord,
  MemoryKinesis,
  type RecordBatch,
  type RequestOptions,
  type StartPosition,
} from "../../src/kinesis/mod.ts";
import { compareSequenceNumbers, type ShardId } from "../../src/record.ts";

/** A service that delivers with each answer again what it has delivered just before. */
export class RedeliveringKinesis extends MemoryKinesis {
  readonly #delivered = new Map<ShardId, readonly KinesisRecord[]>();

  override async getRecords(
    iterator: string,
    options: GetRecordsOptions = {},
  ): Promise<RecordBatch> {
    const batch = await super.getRecords(iterator, options);
    const { shardId } = options.shard!;
    const before = this.#delivered.get(shardId) ?? [];
    const records = [...before, ...batch.records, ...batch.records.slice(-1)];
    if (batch.records.length > 0) this.#delivered.set(shardId, batch.records.slice(-3));
    return { ...batch, records };
  }
}

/** A service that refuses positions whose record it has dropped, as some do. */
export class StrictKinesis extends MemoryKinesis {
  override async getShardIterator(
    shard: { readonly stream: string; readonly shardId: ShardId },
    position: StartPosition,
    options: RequestOptions = {},
  ): Promise<string> {
    const horizon = await super.getShardIterator(shard, { type: "trim-horizon" });
    const [oldest] = (await super.getRecords(horizon, { limit: 1 })).records;
    if (position.type === "after" && oldest !== undefined) {
      if (compareSequenceNumbers(oldest.sequenceNumber, position.sequenceNumber) > 0) {
        throw new KinesisError("Cannot open shard: the sequence number is too old", {
          code: "InvalidArgumentException",
          retryable: false,
        });
      }
    }
    return await super.getShardIterator(shard, position, options);
  }
}
