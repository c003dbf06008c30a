import { HOUR_MS, systemClock } from "../base/clock.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { KinesisApi, Shard, StartPosition, StreamDescription } from "./kinesis_api.ts";
import { pollShard } from "./poll_shard.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import { listAllShards } from "./shard_list.ts";

/** Options for {@linkcode findPositions}. */
export interface FindPositionsOptions extends RetryingOptions {
  /** The shards to search. Default: all of the stream. */
  readonly shards?: ReadonlySet<ShardId> | undefined;
  /**
   * Positions to keep if they are equivalent: if no record lies between them and the place. So the last
   * position of a shard is kept when its records have left the stream.
   */
  readonly checkpoints?: ReadonlyMap<ShardId, SequenceNumber> | undefined;
}

/** How far before a time the search starts, and the factor for each further attempt. */
const FIRST_STEP_MS = 10_000;
const GROWTH = 4;
const POLL_INTERVAL_MS = 200;

/**
 * Finds the positions for a place in a stream: reading continues after them.
 *
 * Kinesis has no sequence number for a time, so the records just before it are read: those of ten
 * seconds; if there are none, of forty, and so on. A shard without a record before the place gets its
 * own starting sequence number, which no record has and which is before all of them.
 *
 * @example Usage
 * ```ts
 * import { findPositions, MemoryKinesis } from "@triton/triton/kinesis";
 * import { equal } from "node:assert/strict";
 *
 * const kinesis = new MemoryKinesis();
 * const [shardId] = kinesis.createStream("clicks");
 * const [put] = await kinesis.putRecords("clicks", [{ partitionKey: "a", data: new Uint8Array() }]);
 * const positions = await findPositions(kinesis, "clicks", "latest");
 * equal(put!.ok && positions.get(shardId!) === put!.sequenceNumber, true);
 * ```
 * @param kinesis The service.
 * @param stream The stream's name.
 * @param place A time: reading then starts with the first record of each shard that arrived at this
 * time or later. Or the oldest record, or after the newest one.
 * @param options Which shards, clock and signal.
 * @returns The position of each shard.
 * @throws {KinesisError} If a request fails permanently.
 */
export async function findPositions(
  kinesis: KinesisApi,
  stream: string,
  place: Date | "trim-horizon" | "latest",
  options: Readonly<FindPositionsOptions> = {},
): Promise<Map<ShardId, SequenceNumber>> {
  const { shards: wanted, clock = systemClock } = options;
  const shards = (await listAllShards(kinesis, stream, options))
    .filter(({ id }) => wanted?.has(id) ?? true);
  if (place === "trim-horizon") {
    return new Map(shards.map(({ id, startingSequenceNumber }) => [id, startingSequenceNumber]));
  }
  const description = await retryRequest(
    { service: "kinesis", operation: "DescribeStream", stream },
    () => kinesis.describeStream(stream, options),
    options,
  );
  // The latest possible time, since it is rounded down: all records so far are before it.
  const { serverTime } = description;
  const now = serverTime === undefined ? clock.now() : serverTime.getTime() + 999;
  const oldest = heldSince(description, now).getTime() - 1;
  const time = place === "latest" ? now + 1 : place.getTime();
  const positions = await Promise.all(
    shards.map((shard) => findPosition(kinesis, { stream, shard, time, oldest }, options)),
  );
  return new Map(shards.map(({ id }, index) => [id, positions[index]!]));
}

/**
 * When the oldest record that a stream holds may have arrived.
 *
 * @param stream The stream's retention and age.
 * @param now The time, in milliseconds since the Unix epoch.
 */
export function heldSince(
  { createdAt, retentionHours }: Pick<StreamDescription, "createdAt" | "retentionHours">,
  now: number,
): Date {
  return new Date(Math.max(createdAt.getTime(), now - retentionHours * HOUR_MS));
}

/** The result of a search: the last record before a time, and the first one after it. */
interface Found {
  readonly before: SequenceNumber | undefined;
  readonly next: SequenceNumber | undefined;
}

async function findPosition(
  kinesis: KinesisApi,
  { stream, shard, time, oldest }: {
    readonly stream: string;
    readonly shard: Shard;
    readonly time: number;
    /** A time before all records that the stream still holds. */
    readonly oldest: number;
  },
  options: FindPositionsOptions,
): Promise<SequenceNumber> {
  for (let step = FIRST_STEP_MS;; step *= GROWTH) {
    const isFurthest = time - step <= oldest;
    const from: StartPosition = isFurthest
      ? { type: "trim-horizon" }
      : { type: "at-timestamp", timestamp: new Date(time - step) };
    const { before, next } = await search(kinesis, { stream, shard, from, time }, options);
    if (before === undefined && !isFurthest) continue;
    const position = before ?? shard.startingSequenceNumber;
    const kept = options.checkpoints?.get(shard.id);
    return kept !== undefined && isBetween(kept, position, next) ? kept : position;
  }
}

async function search(
  kinesis: KinesisApi,
  { stream, shard, from, time }: {
    readonly stream: string;
    readonly shard: Shard;
    readonly from: StartPosition;
    readonly time: number;
  },
  options: FindPositionsOptions,
): Promise<Found> {
  options.signal?.throwIfAborted();
  const place = { stream, shardId: shard.id, from };
  let before: SequenceNumber | undefined;
  const pace = { ...options, pollIntervalMs: POLL_INTERVAL_MS };
  for await (const { records, millisBehindLatest } of pollShard(kinesis, place, pace)) {
    for (const { arrivedAt, sequenceNumber } of records) {
      if (arrivedAt.getTime() >= time) return { before, next: sequenceNumber };
      before = sequenceNumber;
    }
    if (records.length === 0 && millisBehindLatest === 0) break;
  }
  options.signal?.throwIfAborted();
  return { before, next: undefined };
}

/** Whether no record lies between two positions, and the first is not before the other. */
function isBetween(
  kept: SequenceNumber,
  position: SequenceNumber,
  next: SequenceNumber | undefined,
): boolean {
  return compareSequenceNumbers(kept, position) >= 0 &&
    (next === undefined || compareSequenceNumbers(kept, next) < 0);
}
