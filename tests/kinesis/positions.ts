/**
 * What the tests of `findPositions` have in common.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import type { KinesisApi } from "../../src/kinesis/mod.ts";

/** The payloads, as text, that follow a position. */
export async function after(
  kinesis: KinesisApi,
  shardId: ShardId,
  sequenceNumber: SequenceNumber,
): Promise<string[]> {
  const position = { type: "after", sequenceNumber } as const;
  const iterator = await kinesis.getShardIterator({ stream: "clicks", shardId }, position);
  const { records } = await kinesis.getRecords(iterator);
  return records.map(({ data }) => new TextDecoder().decode(data));
}

/** Puts a text; returns its sequence number. */
export async function put(kinesis: KinesisApi, text: string): Promise<SequenceNumber> {
  const entry = { partitionKey: "a", data: new TextEncoder().encode(text) };
  const [result] = await kinesis.putRecords("clicks", [entry]);
  if (!result?.ok) throw new Error("Cannot put");
  return result.sequenceNumber;
}
