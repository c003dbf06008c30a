/**
 * The order in which shards are read: parents first.
 *
 * @module
 */

import type { ShardId } from "../base/record.ts";
import type { Shard } from "../kinesis/kinesis_api.ts";

/** How far a shard has come. */
type ShardState = "waiting" | "started" | "ended";

/**
 * Which shards may be read now, which must wait for their parents, and which are done.
 *
 * A split or a merge closes shards and opens others that continue with the same keys. The records of a
 * key stay in order only if each shard is read after all its parents have been read to their end.
 * A parent that has left the stream, or never was in it, holds no child back.
 *
 * @example Usage
 * ```ts
 * import { listAllShards, MemoryKinesis, ShardTree } from "@triton/triton/kinesis";
 * import { deepEqual } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * const [parent] = kinesis.createStream("clicks");
 * const children = kinesis.splitShard("clicks", parent!);
 * const tree = new ShardTree();
 * tree.add(await listAllShards(kinesis, "clicks"));
 * deepEqual(tree.takeReady().map(({ id }) => id), [parent]);
 * tree.end(parent!);
 * deepEqual(tree.takeReady().map(({ id }) => id), children);
 * ```
 */
export class ShardTree {
  readonly #shards = new Map<ShardId, Shard>();
  readonly #states = new Map<ShardId, ShardState>();

  /**
   * Adds the shards of a listing.
   *
   * @param shards The shards; those that are known already change nothing.
   * @returns The shards that were not known.
   */
  add(shards: Iterable<Shard>): Shard[] {
    const added: Shard[] = [];
    for (const shard of shards) {
      if (this.#shards.has(shard.id)) continue;
      this.#shards.set(shard.id, shard);
      this.#states.set(shard.id, "waiting");
      added.push(shard);
    }
    return added;
  }

  /**
   * Takes the shards that may be read from now on: each is returned once.
   *
   * @returns The shards whose parents have all ended or are unknown.
   */
  takeReady(): Shard[] {
    const ready = [...this.#shards.values()].filter((shard) => this.#isReady(shard));
    for (const { id } of ready) this.#states.set(id, "started");
    return ready;
  }

  /**
   * Notes that a shard has been read to its end, has left the stream, or need not be read.
   *
   * @param id The shard.
   */
  end(id: ShardId): void {
    if (this.#shards.has(id)) this.#states.set(id, "ended");
  }

  /** How many shards wait for their parents. */
  get waiting(): number {
    return [...this.#states.values()].filter((state) => state === "waiting").length;
  }

  #isReady({ id, parents }: Shard): boolean {
    if (this.#states.get(id) !== "waiting") return false;
    return parents.every((parent) => (this.#states.get(parent) ?? "ended") === "ended");
  }
}
