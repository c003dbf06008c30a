import { Buffer } from "node:buffer";
import * as untyped from "aws-kinesis-agg";

/** A record as the official library takes it. */
export interface KplRecord {
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** The hash key, in decimal, that picks the shard instead of the partition key's. */
  readonly explicitHashKey?: string;
}

/** A record as the official library gives it back. */
interface OfficialUserRecord {
  readonly partitionKey: string;
  /** In base64. */
  readonly data: string;
  readonly subSequenceNumber?: number;
}

/** The parts of the official library that are used here; its own types need the whole AWS SDK. */
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

/** Packs records into one with Amazon's own `aws-kinesis-agg`. */
export function aggregate(records: readonly KplRecord[]): Uint8Array<ArrayBuffer> {
  const aggregator = new official.RecordAggregator();
  for (const record of records) {
    aggregator.addUserRecord({ ...record, data: Buffer.from(record.data) });
  }
  return new Uint8Array(aggregator.build().data);
}

/** Takes a record apart with `aws-kinesis-agg`; throws what it fails with. */
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
