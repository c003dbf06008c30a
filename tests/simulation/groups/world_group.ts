import type { SequenceNumber, ShardId, StreamRecord } from "../../../src/base/record.ts";
import type { GroupTarget, MovedShard } from "../../../src/shards/group/mod.ts";
import {
  type EffectsOutcome,
  type GroupFence,
  MemoryGroup,
} from "../../../src/shards/group/mod.ts";

/** What a record led to, in the database. */
export interface Effect {
  readonly n: number;
  readonly shardId: ShardId;
  readonly sequenceNumber: SequenceNumber;
  /** Whether it was poison, and this is its dead letter. */
  readonly isDead: boolean;
}

/** What was committed, in order: effects, and positions that somebody moved by hand. */
export type Committed =
  | { readonly type: "effect"; readonly effect: Effect }
  | { readonly type: "rewind"; readonly moved: readonly MovedShard[] };

/** The effect of a record. */
export function effectOf(record: StreamRecord, isDead = false): Effect {
  const { data, shardId, sequenceNumber } = record;
  return { n: data.n as number, shardId, sequenceNumber, isDead };
}

/** The database of a group and of its users' effects, and what happens to it. */
export class WorldGroup extends MemoryGroup<Effect> {
  /** What it did wrong. */
  readonly problems: string[] = [];
  #log: readonly Committed[] = [];
  #snapshots: {
    readonly at: number;
    readonly restore: () => void;
    readonly log: readonly Committed[];
  }[] = [];

  /** What was committed, and is not forgotten. */
  get log(): readonly Committed[] {
    return this.#log;
  }

  /**
   * Moves a position and adds effects.
   *
   * @param fence The move, as it is carried out.
   * @param effects The effects.
   * @param asked The move as the member asked for it: a planted bug may change what is carried out.
   */
  override commit(fence: GroupFence, effects: readonly Effect[], asked = fence): EffectsOutcome {
    const outcome = super.commit(fence, effects);
    if (outcome !== "committed") return outcome;
    this.#log = [...this.#log, ...effects.map((effect) => ({ type: "effect" as const, effect }))];
    if (asked.epoch !== fence.epoch) {
      this.problems.push(
        `${asked.worker} committed under epoch ${asked.epoch}, not ${fence.epoch}`,
      );
    }
    return outcome;
  }

  /** Adds effects without a position: only a planted bug does that. */
  addEffects(effects: readonly Effect[]): void {
    this.#log = [...this.#log, ...effects.map((effect) => ({ type: "effect" as const, effect }))];
  }

  override async setPositions(targets: ReadonlyMap<ShardId, GroupTarget>): Promise<MovedShard[]> {
    const moved = await super.setPositions(targets);
    this.#log = [...this.#log, { type: "rewind", moved }];
    return moved;
  }

  /** Remembers how everything is, for a failover. */
  remember(now: number): void {
    this.#snapshots.push({ at: now, restore: this.snapshot(), log: this.#log });
  }

  /**
   * Fails over to a server that does not know what was written since a time.
   *
   * @returns How many effects are forgotten.
   */
  failOver(since: number): number {
    const last = this.#snapshots.findLastIndex(({ at }) => at <= since);
    const snapshot = this.#snapshots[last];
    if (snapshot === undefined) return 0;
    this.#snapshots.length = last + 1;
    snapshot.restore();
    const forgotten = this.#log.length - snapshot.log.length;
    this.#log = snapshot.log;
    return forgotten;
  }
}
