/**
 * Where reading a stream begins.
 *
 * @module
 */

import type { ShardId, StartPosition } from "../base/record.ts";

/** Where to begin in shards without a checkpoint. */
export type StreamStart =
  | "trim-horizon"
  | "latest"
  | Date
  | Exclude<StartPosition, { readonly type: "after" }>;

/** Where to begin in each shard without a checkpoint. */
export interface ShardStarts {
  /**
   * Where to begin in certain shards, by their identifiers. A shard that comes from one of these by a split or a merge,
   * and is not among them itself, continues where that one ends.
   */
  readonly shards: { readonly [shardId: string]: StreamStart | StartPosition };
  /** Where to begin in the others. Default: at the trim horizon. */
  readonly otherwise?: StreamStart | undefined;
}

/** Where to begin, in the words of Kinesis. */
export interface StartPlan {
  /** Of certain shards. */
  readonly starts: ReadonlyMap<ShardId, StartPosition>;
  /** Of the others. */
  readonly from: Exclude<StartPosition, { readonly type: "after" }>;
}

/** Puts a start into the words of Kinesis. */
export function toStartPlan(from: StreamStart | ShardStarts | undefined): StartPlan {
  if (typeof from !== "object" || !("shards" in from)) {
    return { starts: new Map(), from: toPosition(from ?? "trim-horizon") };
  }
  const entries = Object.entries(from.shards);
  const starts = new Map(entries.map(([id, start]) => [id as ShardId, toPosition(start)]));
  return { starts, from: toPosition(from.otherwise ?? "trim-horizon") };
}

/**
 * Finds the time at which reading by a plan begins.
 *
 * @param plan The plan.
 * @param now The time that `latest` stands for, and that none lies after.
 * @returns The earliest of its times; undefined if it has none, but begins with the oldest records.
 */
export function earliestTime({ starts, from }: StartPlan, now: Date): Date | undefined {
  const times = [...starts.values(), from].flatMap((start) =>
    start.type === "latest" ? [now] : start.type === "at-timestamp" ? [start.timestamp] : []
  );
  if (times.length === 0) return undefined;
  return new Date(Math.min(now.getTime(), ...times.map((time) => time.getTime())));
}

/** A plan whose times are no later than one that an earlier run wrote down. */
export function startingBy({ starts, from }: StartPlan, written: Date): StartPlan {
  const by = <P extends StartPosition>(start: P): P | StartPlan["from"] => {
    const isTime = start.type === "latest" || start.type === "at-timestamp";
    if (!isTime || (start.type === "at-timestamp" && start.timestamp <= written)) return start;
    return { type: "at-timestamp", timestamp: written };
  };
  return { starts: new Map([...starts].map(([id, start]) => [id, by(start)])), from: by(from) };
}

function toPosition(start: StreamStart): StartPlan["from"];
function toPosition(start: StreamStart | StartPosition): StartPosition;
function toPosition(start: StreamStart | StartPosition): StartPosition {
  if (start instanceof Date) return { type: "at-timestamp", timestamp: start };
  return typeof start === "string" ? { type: start } : start;
}
