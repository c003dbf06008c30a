/**
 * The order in which shards are read: parents first.
 *
 * @module
 */

import type { SequenceNumber, ShardId } from "../record.ts";
import type { Shard, StartPosition } from "./kinesis_api.ts";

/** How far a shard has come. */
type ShardState = "waiting" | "started" | "ended";

/**
 * Which shards may be read now, which must wait for their parents, and which are done.
 *
 * A split or a merge closes shards and opens others that go on with the same keys. The records of a
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

/** What decides where shards are read from. */
export interface PlanShardsOptions {
  /** The last record that is done, for each shard that has one. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** Where to begin in shards that nothing is known of. */
  readonly from: Exclude<StartPosition, { readonly type: "after" }>;
}

/**
 * Decides from where each shard of a first listing is read.
 *
 * - A shard with a checkpoint: after it.
 * - A shard that comes from one with a checkpoint, however far back: at its oldest record, since it
 *   goes on where the other ended.
 * - Any other shard: at `from`. For `latest` that leaves out shards that are closed already.
 *
 * Shards that appear later are all children, to be read from their oldest record.
 *
 * @example Usage
 * ```ts
 * import { listAllShards, MemoryKinesis, planShards } from "@triton/triton/kinesis";
 * import { deepEqual } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * const [parent] = kinesis.createStream("clicks");
 * const children = kinesis.splitShard("clicks", parent!);
 * const plan = planShards(await listAllShards(kinesis, "clicks"), {
 *   checkpoints: new Map(),
 *   from: { type: "latest" },
 * });
 * deepEqual([...plan.keys()], children);
 * ```
 * @param shards All shards of the stream.
 * @param options What decides.
 * @returns The position of each shard that is to be read; the others are passed over.
 */
export function planShards(
  shards: readonly Shard[],
  options: PlanShardsOptions,
): Map<ShardId, StartPosition> {
  const { checkpoints, from } = options;
  const continues = descendantsOf(checkpoints, shards);
  const plan = new Map<ShardId, StartPosition>();
  for (const shard of shards) {
    const sequenceNumber = checkpoints.get(shard.id);
    if (sequenceNumber !== undefined) plan.set(shard.id, { type: "after", sequenceNumber });
    else if (continues.has(shard.id)) plan.set(shard.id, { type: "trim-horizon" });
    else if (from.type !== "latest" || shard.endingSequenceNumber === undefined) {
      plan.set(shard.id, from);
    }
  }
  return plan;
}

/**
 * Finds the shards that come, however far back, from certain others.
 *
 * @param ancestors Those others, such as all shards with a checkpoint.
 * @param shards All shards of the stream, in any order.
 * @returns Their children, the children of these, and so on.
 */
export function descendantsOf(
  ancestors: { has(shardId: ShardId): boolean },
  shards: readonly Shard[],
): Set<ShardId> {
  const found = new Set<ShardId>();
  // Each round finds the next generation; the listing need not have parents first.
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const { id, parents } of shards) {
      if (parents.some((parent) => ancestors.has(parent) || found.has(parent))) found.add(id);
    }
  }
  return found;
}
