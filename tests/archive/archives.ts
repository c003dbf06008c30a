/** Archives for the tests of this folder. */

import { ArchiveBuilder, encodeEvent } from "../../src/codec/mod.ts";
import { formatArchiveKey } from "../../src/codec/mod.ts";
import type { ObjectStore } from "../../src/objects/mod.ts";
import type { EventData, SequenceNumber, ShardId } from "../../src/base/record.ts";

const SHARD = "shardId-000000000000" as ShardId;

/** The bytes of an archive with these events. */
export function archiveOf(events: readonly EventData[], createdAt = new Date(0)): Uint8Array {
  const builder = new ArchiveBuilder();
  for (const [i, event] of events.entries()) {
    const position = { sequenceNumber: String(i + 1) as SequenceNumber, arrivedAt: createdAt };
    builder.add(SHARD, position, encodeEvent(event));
  }
  const header = { stream: "clicks", client: "store", program: "test", previous: new Map() };
  return builder.finish({ ...header, createdAt });
}

/** Puts archives of one event each, `minutes` apart, and returns their keys in that order. */
export async function putArchives(
  store: ObjectStore,
  count: number,
  { start = "2015-07-10T00:00:00Z", minutes = 1, stream = "clicks", client = "store" } = {},
): Promise<string[]> {
  const keys: string[] = [];
  for (let i = 0; i < count; i++) {
    const createdAt = new Date(Date.parse(start) + i * minutes * 60_000);
    const key = formatArchiveKey({ stream, client, createdAt });
    await store.put(key, archiveOf([{ i, key }], createdAt));
    keys.push(key);
  }
  return keys;
}
