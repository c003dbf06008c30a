/**
 * Builds archives like those of `triton store`, quickly.
 *
 * @module
 */

import { ArchiveBuilder, formatArchiveKey } from "../../src/codec/mod.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";

/** The stream that benchmarks archive. */
export const STREAM = "user_activity";
/** The day of the first archive, in the form of `--start-date`. */
export const FIRST_DAY = "20151001";
const CLIENT = "store";
const SHARD = "shardId-000000000000" as ShardId;
const START_SECONDS = Date.UTC(2015, 9, 1) / 1000;

/** One file and its key. */
export interface MadeArchive {
  readonly key: string;
  readonly body: Uint8Array<ArrayBuffer>;
}

/**
 * Builds a chain of archives of one shard with a number of events each; the events repeat when there
 * are not enough.
 */
export function* makeArchives(
  events: readonly Uint8Array[],
  options: {
    readonly archives: number;
    readonly eventsEach: number;
    readonly secondsApart?: number;
  },
): Generator<MadeArchive> {
  const { archives, eventsEach, secondsApart = 1 } = options;
  let previous: SequenceNumber | undefined;
  for (let n = 0; n < archives; n++) {
    const builder = new ArchiveBuilder();
    const createdAt = START_SECONDS + n * secondsApart;
    const arrivedAt = new Date(createdAt * 1000);
    for (let i = n * eventsEach; i < (n + 1) * eventsEach; i++) {
      const sequenceNumber = `49${String(i + 1).padStart(54, "0")}` as SequenceNumber;
      builder.add(SHARD, { sequenceNumber, arrivedAt }, events[i % events.length]!);
    }
    const body = builder.finish({
      stream: STREAM,
      client: CLIENT,
      createdAt: arrivedAt,
      program: "triton bench",
      previous: new Map(previous === undefined ? [] : [[SHARD, previous]]),
    });
    previous = builder.shards.get(SHARD)!.last;
    yield {
      key: formatArchiveKey({ stream: STREAM, client: CLIENT, createdAt }),
      body: body.slice(),
    };
  }
}
