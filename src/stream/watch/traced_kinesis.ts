import type { GetRecordsOptions, KinesisApi, RecordBatch } from "../../kinesis/mod.ts";
import { Trace } from "../../telemetry/tracing.ts";

/**
 * A service whose responses with records are traced, and its failures; not the many empty responses of
 * a stream that is idle.
 */
export function tracedKinesis(kinesis: KinesisApi, now: () => number): KinesisApi {
  return {
    listStreams: (...args) => kinesis.listStreams(...args),
    listTags: (...args) => kinesis.listTags(...args),
    describeStream: (...args) => kinesis.describeStream(...args),
    listShards: (...args) => kinesis.listShards(...args),
    getShardIterator: (...args) => kinesis.getShardIterator(...args),
    getRecords: (iterator, options) => getRecords(kinesis, iterator, { ...options, now }),
    putRecords: (...args) => kinesis.putRecords(...args),
  };
}

async function getRecords(
  kinesis: KinesisApi,
  iterator: string,
  { now, ...options }: GetRecordsOptions & { readonly now: () => number },
): Promise<RecordBatch> {
  const startedAt = now();
  const begin = () => {
    const { stream, shardId: shard } = options.shard ?? {};
    const attributes = { stream, shard };
    return new Trace("triton.reader.fetch", { now, startedAt, attributes, kind: "receive" });
  };
  try {
    const batch = await kinesis.getRecords(iterator, options);
    const { records, millisBehindLatest } = batch;
    if (records.length === 0) return batch;
    let bytes = 0;
    for (const { data } of records) bytes += data.length;
    const trace = begin();
    trace.set({ records: records.length, bytes, "lag.ms": millisBehindLatest });
    trace.end();
    return batch;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    const trace = begin();
    trace.fail(error);
    trace.end();
    throw error;
  }
}
