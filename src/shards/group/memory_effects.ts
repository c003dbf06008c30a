import type { EffectsOutcome, GroupEffects, RunEffectsOptions } from "./group_effects.ts";
import { refusedError } from "./group_errors.ts";
import type { GroupFence } from "./group_table.ts";
import { unlessAborted } from "../../base/notifier.ts";
import type { MemoryGroup } from "./memory_group.ts";

/** A transaction in memory: its effects are committed together with a position, or not at all. */
export class MemoryTransaction<E = unknown> {
  readonly #effects: E[] = [];
  #isOpen = true;
  #fence: GroupFence | undefined;

  /** The effects so far. */
  get effects(): readonly E[] {
    return this.#effects;
  }

  /** Adds an effect. */
  add(effect: E): void {
    if (!this.#isOpen) {
      throw new TypeError("Cannot add an effect: the transaction is over, or was to be committed");
    }
    this.#effects.push(effect);
  }

  /** Removes the effects after the first `count`. */
  undo(count: number): void {
    this.#effects.length = Math.min(count, this.#effects.length);
  }

  /** The move that is to be committed with the effects, if there is one. */
  get fence(): GroupFence | undefined {
    return this.#fence;
  }

  /** Allows no more effects: those that are there can be committed only with a fence. */
  close(fence?: GroupFence): void {
    this.#isOpen = false;
    this.#fence = fence;
  }
}

/**
 * Effects in memory, for tests and simulations: those that are committed are in
 * {@linkcode MemoryGroup.effects}.
 */
export class MemoryEffects<E = unknown> implements GroupEffects<MemoryTransaction<E>> {
  readonly kind = "memory";
  readonly #group: MemoryGroup<E>;

  /** Creates effects that are committed with the positions of a group. */
  constructor(group: MemoryGroup<E>) {
    this.#group = group;
  }

  async run(
    fence: GroupFence,
    handler: (tx: MemoryTransaction<E>) => unknown,
    { signal }: RunEffectsOptions = {},
  ): Promise<EffectsOutcome> {
    signal?.throwIfAborted();
    const tx = this.begin();
    try {
      await unlessAborted(handler(tx), signal);
      return this.#group.commit(fence, tx.effects);
    } catch (error) {
      const standing = await this.#group.standing(fence);
      if (standing === "due" || signal?.aborted) throw error;
      return standing; // the error came of that
    } finally {
      tx.close();
    }
  }

  async savepoint(
    tx: MemoryTransaction<E>,
    work: (tx: MemoryTransaction<E>) => unknown,
  ): Promise<void> {
    const count = tx.effects.length;
    try {
      await work(tx);
    } catch (error) {
      tx.undo(count);
      throw error;
    }
  }

  /** Begins a transaction as a user's own driver would, to be committed by {@linkcode commit}. */
  begin(): MemoryTransaction<E> {
    return new MemoryTransaction();
  }

  async commitIn(tx: MemoryTransaction<E>, fence: GroupFence): Promise<void> {
    const { shardId, worker, epoch, previous } = fence;
    tx.close();
    const at = await this.#group.position(shardId, worker, epoch);
    if (at === undefined || at.position !== previous) {
      throw refusedError(`shard ${shardId} is lost, or its position is another one`);
    }
    tx.close(fence);
  }

  /** Commits a transaction in which {@linkcode commitIn} was accepted. */
  async commit(tx: MemoryTransaction<E>): Promise<void> {
    const { fence } = tx;
    tx.close();
    if (fence === undefined || await this.#group.commit(fence, tx.effects) !== "committed") {
      throw refusedError("the transaction was rolled back");
    }
  }

  /** Does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
