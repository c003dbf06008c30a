import { deepEqual, equal } from "node:assert/strict";
import {
  elsewhere,
  rangeAfter,
  rangesElsewhere,
  type RecordedMove,
} from "../../../src/archive/verify/recorded_moves.ts";
import type { SequenceNumber, ShardId } from "../../../src/base/record.ts";

const shardId = "shardId-000000000000" as ShardId;

function move(from: string | undefined, to: string, after: string): RecordedMove {
  return { client: "store", shardId, from, to, after: after as SequenceNumber };
}

Deno.test("rangesElsewhere() are what is in other stores, to and fro", () => {
  const moves = [move("A", "B", "10"), move("B", "C", "20"), move("C", "A", "30")];
  deepEqual(rangesElsewhere(moves, "A"), [{ after: "10", upTo: "30" }]);
  deepEqual(rangesElsewhere(moves, "B"), [
    { after: undefined, upTo: "10" },
    { after: "20", upTo: undefined },
  ]);
  deepEqual(rangesElsewhere(moves, "C"), [
    { after: undefined, upTo: "20" },
    { after: "30", upTo: undefined },
  ]);
  deepEqual(rangesElsewhere(moves, "D"), []);
  deepEqual(rangesElsewhere([], "A"), []);
});

Deno.test("rangesElsewhere() of a shard of which nothing was archived between two moves", () => {
  const moves = [move("A", "B", "10"), move("B", "C", "10"), move("C", "B", "10")];
  deepEqual(rangesElsewhere(moves.slice(0, 2), "B"), [{ after: undefined, upTo: undefined }]);
  deepEqual(rangesElsewhere(moves, "B"), [{ after: undefined, upTo: "10" }]);
});

Deno.test("elsewhere() is all of a shard of which nothing was archived before the last move", () => {
  const moves = [move("A", "B", "10")];
  const other = { client: "store", shardId: "shardId-000000000001" as ShardId };
  const all = [{ after: undefined, upTo: undefined }];
  deepEqual(elsewhere(other, { moves, here: "A" }), all);
  deepEqual(elsewhere(other, { moves, here: "B" }), []);
  deepEqual(elsewhere(other, { moves, here: "C" }), []);
  deepEqual(elsewhere({ ...other, client: "copy" }, { moves, here: "A" }), []);
  const to = [{ after: "10", upTo: undefined }];
  deepEqual(elsewhere({ ...other, shardId }, { moves, here: "A" }), to);
});

Deno.test("rangesElsewhere() of an archive whose first store nobody knew", () => {
  const moves = [move(undefined, "B", "10")];
  deepEqual(rangesElsewhere(moves, "B"), [{ after: undefined, upTo: "10" }]);
  deepEqual(rangesElsewhere(moves, "A"), [{ after: "10", upTo: undefined }]);
});

Deno.test("rangeAfter() finds the range that begins where the chain ends and holds a position", () => {
  const [nine, ten, eleven] = ["9", "10", "11"] as SequenceNumber[];
  const range = { after: undefined, upTo: ten };
  equal(rangeAfter([range], undefined, ten!), range);
  equal(rangeAfter([range], undefined, eleven!), undefined);
  equal(rangeAfter([range], nine, ten!), undefined);
});
