import type { ShardId } from "../../../src/base/record.ts";
import { compareNumbers, type PutRecord } from "../facts.ts";
import { precedes } from "./handled_records.ts";
import type { Committed } from "./world_group.ts";

/** What an auditor goes by. */
export interface GroupFacts {
  readonly records: readonly PutRecord[];
  /** The shards that each shard was split or merged into. */
  readonly children: ReadonlyMap<string, readonly string[]>;
  readonly log: readonly Committed[];
}

/**
 * Follows what was committed: each effect must be that of the next event of its shard, children must
 * begin when all shards that they come from are at their end, and at last all shards must be.
 */
export function auditEffects({ records, children, log }: GroupFacts): string[] {
  const problems: string[] = [];
  const events = Map.groupBy(
    records.filter(({ isEvent }) => isEvent),
    ({ shardId }) => shardId as ShardId,
  );
  for (const list of events.values()) list.sort((a, b) => precedes(a, b) ? -1 : 1);
  /** How many events of each shard have taken effect. */
  const done = new Map<ShardId, number>();
  const isAtEnd = (shardId: ShardId) =>
    (done.get(shardId) ?? 0) === (events.get(shardId)?.length ?? 0);
  for (const entry of log) {
    if (entry.type === "rewind") {
      for (const { shardId, to } of entry.moved) {
        const list = events.get(shardId) ?? [];
        const next = list.findIndex(({ sequenceNumber }) =>
          to === undefined || compareNumbers(sequenceNumber, to) > 0
        );
        done.set(shardId, next < 0 ? list.length : next);
      }
      continue;
    }
    const { n, shardId } = entry.effect;
    const next = events.get(shardId)?.[done.get(shardId) ?? 0];
    if (next?.n !== n) {
      problems.push(`record ${n} of ${shardId} took effect, but ${next?.n} was the next one`);
    }
    for (const [parent, of] of children) {
      if (of.includes(shardId) && !isAtEnd(parent as ShardId)) {
        problems.push(`record ${n} of ${shardId} took effect before the end of ${parent}`);
      }
    }
    done.set(shardId, (done.get(shardId) ?? 0) + 1);
  }
  for (const shardId of events.keys()) {
    if (!isAtEnd(shardId)) {
      problems.push(`${done.get(shardId) ?? 0} events of ${shardId} took effect, not all`);
    }
  }
  return problems;
}
