import { isRetryable } from "../../src/aws/error_codes.ts";
import { KinesisError } from "../../src/base/errors.ts";
import {
  type GetRecordsOptions,
  type KinesisRecord,
  MemoryKinesis,
  type RecordBatch,
  type RequestOptions,
  type Shard,
  type StartPosition,
  type StreamDescription,
} from "../../src/kinesis/mod.ts";
import { compareSequenceNumbers, type ShardId } from "../../src/base/record.ts";

/** A service that repeats in each response the records of the previous one. */
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

/** A service that rejects positions of dropped records, as some do. */
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

/** A service that rejects requests on demand, with errors that are not retryable. */
export class RefusingKinesis extends MemoryKinesis {
  /** The code to reject a request with; undefined to answer it. */
  refuse: (operation: string, shardId?: ShardId) => string | undefined = () => undefined;
  /** Number of rejected requests. */
  refusals = 0;

  override async describeStream(stream: string): Promise<StreamDescription> {
    this.#check("describeStream");
    return await super.describeStream(stream);
  }

  override async *listShards(stream: string): AsyncGenerator<Shard> {
    this.#check("listShards");
    yield* super.listShards(stream);
  }

  override async getRecords(
    iterator: string,
    options: GetRecordsOptions = {},
  ): Promise<RecordBatch> {
    this.#check("getRecords", options.shard?.shardId);
    return await super.getRecords(iterator, options);
  }

  #check(operation: string, shardId?: ShardId): void {
    const code = this.refuse(operation, shardId);
    if (code === undefined) return;
    this.refusals++;
    throw new KinesisError(`Cannot do it: ${code}`, { code, retryable: isRetryable(code) });
  }
}
