import { KinesisError } from "../base/errors.ts";
import type { KinesisApi } from "../kinesis/kinesis_api.ts";
import { MAX_PUT_ENTRIES } from "../kinesis/put_limits.ts";
import type { EventData, SequenceNumber, ShardId } from "../base/record.ts";
import { putEntryOf } from "../kinesis/partition_key.ts";

/** The position of one event. */
export interface PutPosition {
  /** The shard. */
  readonly shardId: ShardId;
  /** The sequence number of the event. */
  readonly sequenceNumber: SequenceNumber;
}

/** Options of {@linkcode putEvents}. */
export interface PutEventsOptions {
  /**
   * What picks an event's shard: a field of the event, or a function. Default: each event has its own
   * key, so that the events are spread over the shards.
   */
  readonly partitionKey?: string | ((event: EventData, index: number) => string);
}

/**
 * Puts events into a stream.
 *
 * @example Usage
 * ```ts
 * import { MemoryKinesis, putEvents } from "@triton/triton/testing";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks", 4);
 * const events = [{ user: "ada", page: "/" }, { user: "ada", page: "/help" }];
 * const [first, second] = await putEvents(kinesis, "clicks", events, { partitionKey: "user" });
 * equal(first?.shardId, second?.shardId);
 * ```
 * @param kinesis The service.
 * @param stream The stream's name.
 * @param events The events, in order.
 * @param options What picks their shards.
 * @returns The position of each event, in the order of the events.
 * @throws {KinesisError} If the service rejects an event; those before it are in the stream.
 * @throws {PartitionKeyError} If an event lacks the field; then none of them is in the stream.
 */
export async function putEvents(
  kinesis: KinesisApi,
  stream: string,
  events: readonly EventData[],
  options: PutEventsOptions = {},
): Promise<PutPosition[]> {
  const { partitionKey = (_event, index) => `event ${index}` } = options;
  const entries = events.map((event, index) =>
    putEntryOf(
      event,
      typeof partitionKey === "string" ? partitionKey : () => partitionKey(event, index),
    )
  );
  const positions: PutPosition[] = [];
  for (let at = 0; at < entries.length; at += MAX_PUT_ENTRIES) {
    const results = await kinesis.putRecords(stream, entries.slice(at, at + MAX_PUT_ENTRIES));
    for (const result of results) {
      if (!result.ok) {
        const message = `Cannot put event ${positions.length + 1}: ${result.message}`;
        throw new KinesisError(message, { code: result.code, retryable: true });
      }
      positions.push({ shardId: result.shardId, sequenceNumber: result.sequenceNumber });
    }
  }
  return positions;
}
