/**
 * What the tests of groups share.
 *
 * @module
 */

import { equal } from "node:assert/strict";
import type { NewShard, SequenceNumber, ShardId } from "@triton/triton/checkpoint";
import type { GroupFence, GroupTable } from "../../../src/shards/group/group_table.ts";
import type { GroupDatabase } from "../../../src/shards/group/open_group.ts";
import { shard } from "../../checkpoint/contract.ts";

/** Long enough for any test, whose leases then never expire. */
export const LONG_MS = 3_600_000;

/** When the stream of the tests was created. */
export const CREATED = new Date("2026-01-02T03:04:05.678Z");

/** A place for groups, empty when a test gets it. */
export interface GroupPlace {
  /** Opens a group on the place; what one wrote, the next one reads. */
  open(options?: { readonly client?: string; readonly stream?: string }): Promise<GroupDatabase>;
  /** Saves what client `group` has as a reader, before the first group is opened. */
  save(checkpoints: Readonly<Record<number, string>>): Promise<void>;
  /** Makes an effect in a transaction; synchronously where transactions are. */
  write(tx: unknown, effect: string): unknown;
  /** The effects that were committed, in order. */
  effects(): Promise<string[]>;
  /** Begins a transaction of the user's, and lets it be committed. */
  begin(): Promise<UserTransaction>;
}

/** A transaction that a user has begun. */
export interface UserTransaction {
  readonly tx: unknown;
  /** Commits, or fails if it cannot. */
  commit(): Promise<void>;
}

/** One promise of the contract. */
export interface GroupTest {
  readonly name: string;
  readonly run: (place: GroupPlace) => Promise<void>;
}

/** A sequence number. */
export function at(position: string): SequenceNumber {
  return position as SequenceNumber;
}

/** Shard number `n`, read from the trim horizon. */
export function newShard(n: number, ...parents: readonly number[]): NewShard {
  return { shardId: shard(n), parents: parents.map(shard), start: { type: "trim-horizon" } };
}

/** The move of shard 0 by worker `a` under epoch 1. */
export function fence(
  previous: string | undefined,
  last: string,
  more: Partial<GroupFence> = {},
): GroupFence {
  return {
    ...{ shardId: shard(0), worker: "a", epoch: 1, last: at(last) },
    previous: previous === undefined ? undefined : at(previous),
    ...more,
  };
}

/** Creates a group with the first `count` shards, all leased to worker `a`. */
export async function lease(table: GroupTable, count: number): Promise<ShardId[]> {
  const shardIds = Array.from({ length: count }, (_, n) => shard(n));
  await table.identify(CREATED);
  await table.addShards(shardIds.map((_, n) => newShard(n)));
  await table.renew("a", LONG_MS);
  for (const shardId of shardIds) equal(await table.acquire(shardId, "a", LONG_MS), 1);
  return shardIds;
}

/** The positions by shard number. */
export async function positionsOf(table: GroupTable): Promise<Record<number, string | undefined>> {
  const shards = await table.shards();
  return Object.fromEntries(shards.map(({ shardId, position }) => [numberOf(shardId), position]));
}

/** The number of a shard. */
export function numberOf(shardId: ShardId): number {
  return Number(shardId.slice("shardId-".length));
}
