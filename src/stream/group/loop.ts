import { monotonicNow } from "../../base/clock.ts";
import type { StreamRecord } from "../../base/record.ts";
import type { RecordChecker } from "../record_checker.ts";
import type { HeldShard } from "./held_shard.ts";
import type { Membership } from "./membership.ts";

/** How many records of one shard are yielded before the next one's turn. */
const TURN = 100;

/**
 * Yields the records of a membership, the shards in turns, until it ends. Asking for the next record
 * marks one as processed; the one at which the caller leaves is not.
 */
export async function* yieldRecords<T>(
  member: Membership,
  checker: RecordChecker<T>,
): AsyncGenerator<StreamRecord<T>, void, undefined> {
  let current: HeldShard | undefined;
  const unit = {};
  try {
    while (member.isRunning) {
      let nothing = true;
      for (const shard of member.shards) {
        for (let turn = 0; turn < TURN; turn++) {
          const now = monotonicNow(member.clock);
          if (!member.isFreshAt(now)) await member.refresh();
          const next = shard.peek();
          if (next === undefined) break;
          nothing = false;
          // A record that throws is delivered again.
          const record = await checker.check(shard.shardId, next);
          if (!shard.isReadable) break;
          const isWhole = shard.take(next);
          if (record !== undefined) {
            current = shard;
            shard.begin(unit, now);
            yield record;
            current = undefined;
          }
          if (isWhole) shard.advance(next.sequenceNumber);
          shard.finish(unit);
          member.saver.count();
          if (!member.isRunning) return;
          if (member.saver.isDue) await member.save();
        }
      }
      // Something may have come, or ended, during a renewal.
      const isIdle = nothing && member.shards.every((shard) => shard.peek() === undefined);
      if (isIdle && member.isRunning) await member.wait();
    }
  } finally {
    current?.finish(unit);
  }
}
