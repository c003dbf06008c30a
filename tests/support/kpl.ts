import { Buffer } from "node:buffer";
import * as untyped from "aws-kinesis-agg";

/** A record for the official library. */
export interface KplRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** The hash key, in decimal, that picks the shard instead of the partition key's. */
  readonly explicitHashKey?: string;
}

/** A record from the official library. */
interface OfficialUserRecord {
  readonly partitionKey: string;
  /** In base64. */
  readonly data: string;
  readonly subSequenceNumber?: number;
}

/** The used parts of the official library; its own types need the whole AWS SDK. */
const official = untyped as unknown as {
  readonly RecordAggregator: new () => {
    addUserRecord(record: KplRecord): void;
    build(): { readonly data: Uint8Array };
  };
  readonly deaggregateSync: (
    record: { data: string; partitionKey: string; sequenceNumber: string },
    computeChecksums: boolean,
    done: (error: Error | null | undefined, records?: OfficialUserRecord[]) => void,
  ) => void;
};

/** Aggregates records with Amazon's `aws-kinesis-agg`. */
export function aggregate(records: readonly KplRecord[]): Uint8Array<ArrayBuffer> {
  const aggregator = new official.RecordAggregator();
  for (const record of records) {
    aggregator.addUserRecord({ ...record, data: Buffer.from(record.data) });
  }
  return new Uint8Array(aggregator.build().data);
}

/** Splits a record with `aws-kinesis-agg`; throws its errors. */
export function officialRecords(data: Uint8Array): KplRecord[] {
  let found: KplRecord[] = [];
  const record = {
    data: Buffer.from(data).toString("base64"),
    partitionKey: "",
    sequenceNumber: "1",
  };
  official.deaggregateSync(record, true, (error, records = []) => {
    if (error) throw error;
    found = records.map(({ partitionKey, data }) => ({
      partitionKey,
      data: new Uint8Array(Buffer.from(data, "base64")),
    }));
  });
  return found;
}
