/**
 * What the members of a group write down, in a database or in memory.
 *
 * @module
 */

export type { EffectsOutcome, GroupEffects, RunEffectsOptions } from "./group_effects.ts";
export type {
  GroupEnd,
  GroupFence,
  GroupMember,
  GroupMove,
  GroupPosition,
  GroupShard,
  GroupTable,
  GroupTarget,
  MovedShard,
} from "./group_table.ts";
export { MemoryEffects, MemoryTransaction } from "./memory_effects.ts";
export { MemoryGroup, type MemoryGroupOptions } from "./memory_group.ts";
export type { GroupSource } from "./open_group.ts";
export type { NewShard } from "../table/lease_table.ts";
