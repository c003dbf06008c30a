import { deepEqual, equal } from "node:assert/strict";
import type { ShardId } from "../../src/base/record.ts";
import { ShardTree } from "../../src/shards/shard_tree.ts";
import { shards } from "./shards_by_name.ts";

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
