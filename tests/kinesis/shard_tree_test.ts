import { deepEqual, equal } from "node:assert/strict";
import { planShards, type Shard, ShardTree, type StartPosition } from "../../src/kinesis/mod.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";

/** Shards by one-letter names, each with its parents, as in `"a b c<ab d<c"`; closed if a parent. */
function shards(text: string): Shard[] {
  const parts = text.split(" ").map((part) => part.split("<"));
  const closed = new Set(parts.flatMap(([, parents = ""]) => [...parents]));
  return parts.map(([id, parents = ""]) => ({
    id: id as ShardId,
    parents: [...parents] as ShardId[],
    startingSequenceNumber: "1" as SequenceNumber,
    endingSequenceNumber: closed.has(id!) ? "9" as SequenceNumber : undefined,
  }));
}

function take(tree: ShardTree): string {
  return tree.takeReady().map(({ id }) => id).join("");
}

Deno.test("ShardTree.takeReady() gives parents first, and each shard once", () => {
  const tree = new ShardTree();
  tree.add(shards("a b<a c<a d<b"));
  deepEqual([take(tree), take(tree)], ["a", ""]);
  tree.end("a" as ShardId);
  deepEqual([take(tree), take(tree)], ["bc", ""]);
  tree.end("c" as ShardId);
  equal(take(tree), "");
  tree.end("b" as ShardId);
  equal(take(tree), "d");
});

Deno.test("ShardTree.takeReady() waits for both parents of a merge", () => {
  const tree = new ShardTree();
  tree.add(shards("a b c<ab"));
  equal(take(tree), "ab");
  tree.end("b" as ShardId);
  deepEqual([take(tree), tree.waiting], ["", 1]);
  tree.end("a" as ShardId);
  deepEqual([take(tree), tree.waiting], ["c", 0]);
});

Deno.test("ShardTree.takeReady() does not wait for a parent that has left the stream", () => {
  const tree = new ShardTree();
  tree.add(shards("b<a c<ba"));
  equal(take(tree), "b");
});

Deno.test("ShardTree.takeReady() has children of a listing that has them before their parents", () => {
  const tree = new ShardTree();
  tree.add(shards("b<a a"));
  equal(take(tree), "a");
});

Deno.test("ShardTree.add() tells only the shards that are new, and forgets nothing", () => {
  const tree = new ShardTree();
  equal(tree.add(shards("a")).length, 1);
  equal(take(tree), "a");
  deepEqual(tree.add(shards("a b<a")).map(({ id }) => id), ["b"]);
  equal(take(tree), "");
  tree.end("a" as ShardId);
  equal(take(tree), "b");
});

Deno.test("ShardTree.end() of an unknown shard changes nothing", () => {
  const tree = new ShardTree();
  tree.end("a" as ShardId);
  tree.add(shards("a"));
  equal(take(tree), "a");
});

/** The plan as text: `a:latest b:trim-horizon c:after 5`. */
function plan(
  text: string,
  from: "latest" | "trim-horizon" | Date,
  checkpoints: Record<string, string> = {},
  own: Record<string, StartPosition> = {},
): string {
  const start = from instanceof Date
    ? { type: "at-timestamp", timestamp: from } as const
    : { type: from };
  const entries = Object.entries(checkpoints) as [ShardId, SequenceNumber][];
  const starts = new Map(Object.entries(own) as [ShardId, StartPosition][]);
  const found = planShards(shards(text), { checkpoints: new Map(entries), starts, from: start });
  return [...found].map(([id, position]) => `${id}:${describe(position)}`).join(" ");
}

function describe(position: StartPosition): string {
  if (position.type === "after") return `after ${position.sequenceNumber}`;
  return position.type === "at-timestamp" ? position.timestamp.toISOString() : position.type;
}

Deno.test("planShards() begins where it is told in shards that nothing is known of", () => {
  const time = new Date("2026-01-01T00:00:00Z");
  equal(plan("a b", "latest"), "a:latest b:latest");
  equal(plan("a b<a", "trim-horizon"), "a:trim-horizon b:trim-horizon");
  equal(plan("a b<a", time), "a:2026-01-01T00:00:00.000Z b:2026-01-01T00:00:00.000Z");
});

Deno.test("planShards() passes over closed shards for latest", () => {
  equal(plan("a b<a c<a d<b", "latest"), "c:latest d:latest");
});

Deno.test("planShards() goes on after checkpoints, and at the horizon in what comes from them", () => {
  equal(
    plan("a b<a c<b d", "latest", { a: "5" }),
    "a:after 5 b:trim-horizon c:trim-horizon d:latest",
  );
  equal(plan("a b<a", "latest", { a: "9", b: "12" }), "a:after 9 b:after 12");
});

Deno.test("planShards() knows children of a shard with a checkpoint that has left the stream", () => {
  equal(plan("b<a c", "latest", { a: "5" }), "b:trim-horizon c:latest");
});

Deno.test("planShards() finds what comes from a checkpoint through many generations quickly", () => {
  const names = Array.from({ length: 200 }, (_, i) => String.fromCharCode(0x4e00 + i));
  const rows = names.map((name, i) => i < 2 ? name : `${name}<${names[i - 1]}${names[i - 2]}`);
  const found = plan(rows.reverse().join(" "), "latest", { [names[0]!]: "5" });
  equal(found.split(" ").filter((part) => part.endsWith(":trim-horizon")).length, 198);
});

Deno.test("planShards() begins certain shards where it is told, and goes on from there", () => {
  const horizon = { type: "trim-horizon" } as const;
  const latest = { type: "latest" } as const;
  const at = (time: string) => ({ type: "at-timestamp", timestamp: new Date(time) }) as const;
  const after = { type: "after", sequenceNumber: "7" as SequenceNumber } as const;
  equal(
    plan("a b c", "latest", { a: "5" }, { a: after, b: after }),
    "a:after 5 b:after 7 c:latest",
  );
  equal(plan("a b<a c<b d", "latest", {}, { a: after }), planned("a:after 7", "d:latest"));
  equal(plan("a b<a c<b d", "latest", {}, { a: horizon }), planned("a:trim-horizon", "d:latest"));
  equal(plan("a b<a c<b d", "trim-horizon", {}, { a: latest }), "c:latest d:trim-horizon");
  equal(plan("a b<a c<b", "latest", {}, { a: horizon, b: latest }), "a:trim-horizon c:latest");
  const [early, late] = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"];
  equal(
    plan("a b c<ab d", "latest", {}, { a: at(late), b: at(early) }),
    `a:${late} b:${early} c:${early} d:latest`,
  );
  equal(plan("b<a", "latest", {}, { a: after }), "b:trim-horizon");
  // A child that goes on from a shard whose records are wanted is wanted from its first record on.
  equal(plan("a b c<ab", "latest", {}, { a: latest, b: after }), "b:after 7 c:trim-horizon");
});

function planned(a: string, d: string): string {
  return `${a} b:trim-horizon c:trim-horizon ${d}`;
}
