import { getLogger } from "@logtape/logtape";
import { monotonicNow, pause } from "../../base/clock.ts";
import { retryDelayMs } from "../../base/retry.ts";
import { isPassing } from "../../shards/group/passing.ts";
import type { HeldShard } from "./held_shard.ts";
import type { Membership } from "./membership.ts";

const log = getLogger(["triton", "group"]);

/** Longest pause between two attempts, in milliseconds. */
const MAX_DELAY_MS = 10_000;

/** What became of some work: it is done, its shard is no longer readable, or it fails each time. */
export type WorkResult =
  | { readonly type: "done" | "revoked" }
  | { readonly type: "poison"; readonly error: unknown };

/**
 * Tries to process something of a shard until it succeeds or the shard is revoked.
 *
 * @param member The membership.
 * @param shard The shard.
 * @param retries After how many failures the work counts as poison; those that may pass are not counted.
 * @param work Makes one attempt.
 */
export async function tryHard(
  member: Membership,
  shard: HeldShard,
  retries: number,
  work: () => unknown,
): Promise<WorkResult> {
  const { clock } = member;
  for (let attempt = 1, failures = 0;; attempt++) {
    await member.refresh();
    if (!shard.isReadable) return { type: "revoked" };
    const unit = {};
    shard.begin(unit, monotonicNow(clock));
    try {
      await work();
      member.note();
      return { type: "done" };
    } catch (error) {
      if (shard.isOver) return { type: "revoked" };
      member.note(error);
      if (!isPassing(error) && failures++ >= retries) return { type: "poison", error };
      const delayMs = retryDelayMs(attempt, { clock, maxDelayMs: MAX_DELAY_MS });
      log.warn("The handler failed for {shardId}, retrying in {delayMs} ms: {reason}", {
        event: "group.retried",
        shardId: shard.shardId,
        attempt,
        delayMs,
        reason: error instanceof Error ? error.message : String(error),
      });
      shard.finish(unit); // while it waits, the shard may be handed over
      await pause(clock, delayMs, shard.lease.signal);
    } finally {
      shard.finish(unit);
    }
  }
}
