/**
 * What happens to the shards of a member of a group.
 *
 * @module
 */

import { Notifier } from "../../base/notifier.ts";
import type { ShardId } from "../../base/record.ts";

/** Why a member has no right to a shard any more. */
export type LossReason =
  /** Another member has taken the lease, because it had expired, or somebody moved the position. */
  | "taken"
  /** It was handed over: to another member, or because this one stops. */
  | "handed over"
  /** A handler was running for longer than `stallMs`. */
  | "stalled";

/**
 * Something that happened to a shard of this member:
 *
 * - `assigned`: the member reads the shard from `position` on;
 * - `revoked`: the shard is to be handed over: no new record is delivered, and handlers that are
 *   running may still finish and commit, for `drainMs`;
 * - `lost`: nothing can be committed any more;
 * - `ended`: a split or a merge had closed the shard, and all of it is processed: its children follow.
 */
export type GroupEvent =
  & {
    /** The shard. */
    readonly shardId: ShardId;
    /** The epoch of the lease. */
    readonly epoch: number;
  }
  & (
    | { readonly type: "assigned" | "revoked" | "ended" }
    | {
      readonly type: "lost";
      /** Why. */
      readonly reason: LossReason;
    }
  );

/** Passes events on to everybody who iterates. */
export class EventHub implements AsyncIterable<GroupEvent> {
  readonly #subscriptions = new Set<Subscription>();
  #isClosed = false;

  /** Tells everybody. */
  emit(event: GroupEvent): void {
    for (const subscription of this.#subscriptions) subscription.push(event);
  }

  /** Ends all iterations, once they have yielded what they have. */
  close(): void {
    this.#isClosed = true;
    for (const subscription of this.#subscriptions) subscription.close();
  }

  /** Yields what happens from now on, until the group is disposed. */
  [Symbol.asyncIterator](): AsyncGenerator<GroupEvent, void, undefined> {
    const subscription = new Subscription();
    if (this.#isClosed) subscription.close();
    else this.#subscriptions.add(subscription);
    const subscriptions = this.#subscriptions;
    return (async function* () {
      try {
        yield* subscription.events();
      } finally {
        subscriptions.delete(subscription);
      }
    })();
  }
}

/** The events that one iteration has not yielded yet. */
class Subscription {
  readonly #events: GroupEvent[] = [];
  readonly #changed = new Notifier();
  #isClosed = false;

  push(event: GroupEvent): void {
    this.#events.push(event);
    this.#changed.notify();
  }

  close(): void {
    this.#isClosed = true;
    this.#changed.notify();
  }

  async *events(): AsyncGenerator<GroupEvent, void, undefined> {
    for (;;) {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        yield event;
      }
      if (this.#isClosed) return;
      await this.#changed.wait();
    }
  }
}
