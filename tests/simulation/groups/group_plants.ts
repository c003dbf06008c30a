/**
 * Bugs on purpose: each breaks one rule of groups, by standing between the members and what they share.
 *
 * @module
 */

import type { ShardId } from "../../../src/base/record.ts";
import type {
  GroupEffects,
  GroupFence,
  GroupShard,
  MemoryEffects,
  MemoryTransaction,
  NewShard,
} from "../../../src/shards/group/mod.ts";
import { changed } from "../changed.ts";
import type { Effect, WorldGroup } from "./world_group.ts";

type Tx = MemoryTransaction<Effect>;

/** What a planted bug changes. */
export interface GroupPlant {
  /** The database itself. */
  readonly inside?: (group: WorldGroup) => WorldGroup;
  /** The database as one process has it, beyond what happens to its calls. */
  readonly outside?: (group: WorldGroup) => WorldGroup;
  /** The transactions of one process. */
  readonly effects?: (effects: MemoryEffects<Effect>, group: WorldGroup) => GroupEffects<Tx>;
}

/** Each planted bug by its name. */
export const GROUP_PLANTS: Readonly<Record<string, GroupPlant>> = {
  /** Rule 1: the fence does not look at the position before. */
  "no previous check": {
    inside: fencedBy((fence, { position }) => ({ ...fence, previous: position })),
  },

  /** Rule 1: the fence is a check at the beginning, and the position is written whatever became of it. */
  "check first, blind write last": {
    inside: fencedBy((fence, { owner, epoch, position }) => (
      { ...fence, worker: owner ?? fence.worker, epoch, previous: position }
    )),
    effects: (effects, group) =>
      changed<GroupEffects<Tx>>(effects, () => ({
        async run(fence, handler, options) {
          const row = await group.position(fence.shardId, fence.worker, fence.epoch);
          if (row?.position !== fence.previous) return "lost";
          return await effects.run(fence, handler, options);
        },
      })),
  },

  /** Rule 1: the position is saved before the effects, in a transaction of its own. */
  "position before effect": {
    effects: (effects, group) =>
      changed<GroupEffects<Tx>>(effects, () => ({
        async run(fence, handler) {
          const tx = effects.begin();
          await handler(tx);
          if ((await group.save(fence.worker, [fence])).length > 0) return "lost";
          await group.addEffects(tx.effects);
          return "committed";
        },
      })),
  },

  /** Shards: a child is read while its parents are not yet processed to their end. */
  "child early": {
    inside: (group) => {
      const orphaned = (shards: readonly NewShard[]) =>
        shards.map((shard) => ({ ...shard, parents: [] }));
      return changed(group, () => ({
        addFirstShards: (shards) => group.addFirstShards(orphaned(shards)),
        addShards: (shards) => group.addShards(orphaned(shards)),
        endShard: (end) => group.endShard({ ...end, children: orphaned(end.children) }),
      }));
    },
  },

  /** Rule 1: a shard ends whoever says so, and wherever its position is by then. */
  "end without its conditions": {
    inside: (group) =>
      changed(group, () => ({
        async endShard(end) {
          const { shardId } = end;
          let row = await rowOf(group, shardId);
          if (row?.state === "open" && row.owner === undefined) {
            await group.acquire(shardId, end.worker);
            row = await rowOf(group, shardId);
          }
          if (row === undefined) return false;
          const { owner: worker = end.worker, epoch, position } = row;
          return await group.endShard({ ...end, worker, epoch, position });
        },
      })),
  },

  /**
   * Rule 2: acquire refuses a shard that the worker owns without knowing it, since the answer to its
   * acquire was lost. Nor are such shards given back at a renewal, which makes up for it.
   */
  "acquire without looking for its own": {
    inside: (group) =>
      changed(group, () => ({
        async acquire(shardId, worker) {
          const owner = (await rowOf(group, shardId))?.owner;
          return owner === worker ? undefined : await group.acquire(shardId, worker);
        },
      })),
    outside: (group) => {
      const known = new Set<ShardId>();
      return changed(group, () => ({
        async acquire(shardId, worker) {
          const epoch = await group.acquire(shardId, worker);
          if (epoch !== undefined) known.add(shardId);
          return epoch;
        },
        async renew(worker, ttlMs) {
          const { held, workers } = await group.renew(worker, ttlMs);
          return { held: new Map([...held].filter(([id]) => known.has(id))), workers };
        },
      }));
    },
  },

  /** Rule 1: the fence looks whose the shard is, but not since when. */
  "no epoch": {
    inside: fencedBy((fence, { owner, epoch }) =>
      owner === fence.worker ? { ...fence, epoch } : fence
    ),
  },
};

/** The planted bug of a name. */
export function groupPlantOf(name: string): GroupPlant {
  const plant = GROUP_PLANTS[name];
  if (plant !== undefined) return plant;
  const names = Object.keys(GROUP_PLANTS).join(", ");
  throw new RangeError(`No planted bug "${name}" of groups; there are: ${names}`);
}

/** A database whose fence is another one, by the row as it is in that moment. */
function fencedBy(change: (fence: GroupFence, row: GroupShard) => GroupFence) {
  return (group: WorldGroup): WorldGroup => {
    const commit = async (fence: GroupFence, effects: readonly Effect[]) => {
      const row = await rowOf(group, fence.shardId);
      return group.commit(row === undefined ? fence : change(fence, row), effects, fence);
    };
    // Processes wait for it anyway: to them each call is one of a service.
    return changed(group, () => ({
      commit: commit as unknown as WorldGroup["commit"],
    }));
  };
}

async function rowOf(group: WorldGroup, shardId: ShardId): Promise<GroupShard | undefined> {
  return (await group.shards()).find((shard) => shard.shardId === shardId);
}
