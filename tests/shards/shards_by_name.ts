import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import type { Shard } from "../../src/kinesis/mod.ts";

/** Shards by one-letter names, each with its parents, as in `"a b c<ab d<c"`; closed if a parent. */
export function shards(text: string): Shard[] {
  const parts = text.split(" ").map((part) => part.split("<"));
  const closed = new Set(parts.flatMap(([, parents = ""]) => [...parents]));
  return parts.map(([id, parents = ""]) => ({
    id: id as ShardId,
    parents: [...parents] as ShardId[],
    startingSequenceNumber: "1" as SequenceNumber,
    endingSequenceNumber: closed.has(id!) ? "9" as SequenceNumber : undefined,
  }));
}
