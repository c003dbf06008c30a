import { deepStrictEqual } from "node:assert/strict";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import type { Shard } from "../../src/kinesis/mod.ts";
import { missingParents, withAncestors } from "../../src/shards/new_shards.ts";

const id = (number: number) => `shardId-${String(number).padStart(12, "0")}` as ShardId;

function shard(number: number, ...parents: number[]): Shard {
  const startingSequenceNumber = "1" as SequenceNumber;
  return {
    id: id(number),
    parents: parents.map(id),
    startingSequenceNumber,
    endingSequenceNumber: undefined,
  };
}

Deno.test("withAncestors() adds what shards come from, over splits and merges, once", () => {
  const all = [shard(1), shard(2), shard(3, 1), shard(4, 1), shard(5, 2, 3), shard(6, 5)];
  const found = withAncestors([all[5]!, all[4]!], all);
  deepStrictEqual(found.map((shard) => shard.id), [6, 5, 2, 3, 1].map(id));
});

Deno.test("missingParents() are those of new shards, not of shards that are known", () => {
  const known = new Map([[id(3), new Date(0)]]);
  deepStrictEqual([...missingParents([shard(3, 1), shard(5, 2, 3)], known)], [id(2)]);
});
