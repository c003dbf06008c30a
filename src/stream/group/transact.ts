import type { StreamRecord } from "../../base/record.ts";
import { MisuseError } from "../../shards/group/group_errors.ts";
import type { GroupEffects, RunEffectsOptions } from "../../shards/group/group_effects.ts";
import { isPassing } from "../../shards/group/passing.ts";
import type { GroupBatch } from "./batch.ts";
import type { HeldShard } from "./held_shard.ts";
import type { Membership } from "./membership.ts";
import type { ReadBatch } from "./record_reader.ts";
import { BatchConsumer, batchOf, type BatchParts } from "./run_batches.ts";
import { tryHard, type WorkResult } from "./try_hard.ts";

/** Processes batches in transactions that move the position, too. */
export class Transactor<T, Tx> extends BatchConsumer<T> {
  readonly #handler: (tx: Tx, batch: GroupBatch<T>) => unknown;
  readonly #effects: GroupEffects<Tx>;
  readonly #running: Omit<RunEffectsOptions, "signal">;

  constructor(
    handler: (tx: Tx, batch: GroupBatch<T>) => unknown,
    parts: BatchParts<T> & {
      readonly effects: GroupEffects<Tx>;
      /** How transactions run. */
      readonly running: Omit<RunEffectsOptions, "signal">;
    },
  ) {
    super(parts as BatchParts<T>);
    this.#running = parts.running;
    this.#handler = handler;
    this.#effects = parts.effects;
  }

  protected async process(
    { records, last }: ReadBatch<T>,
    shard: HeldShard,
    member: Membership,
  ): Promise<WorkResult> {
    const batch = batchOf(records, last, shard);
    const whole = (tx: Tx) => this.#handler(tx, batch);
    const single = (tx: Tx) =>
      this.#effects.kind === "sqlite" ? this.#oneByOneNow(tx, batch) : this.#oneByOne(tx, batch);
    const { retries } = this.parts;
    const attempt = (work: (tx: Tx) => unknown) => () => this.#commit(work, batch, shard, member);
    const result = await tryHard(member, shard, retries, attempt(whole));
    return result.type === "poison" ? await tryHard(member, shard, 0, attempt(single)) : result;
  }

  /** Makes one attempt to commit effects and position. */
  async #commit(
    work: (tx: Tx) => unknown,
    { previous, last }: GroupBatch<T>,
    shard: HeldShard,
    member: Membership,
  ): Promise<void> {
    const { shardId, lease: { epoch }, signal } = shard;
    const fence = { shardId, epoch, worker: member.worker, previous, last };
    const outcome = await this.#effects.run(fence, work, { ...this.#running, signal });
    if (outcome === "lost") member.lose(shard);
    else shard.commit(last);
  }

  /** Processes each record under a savepoint; the dead letters are part of the same transaction. */
  async #oneByOne(tx: Tx, batch: GroupBatch<T>): Promise<void> {
    for (const record of batch.records) {
      const single = only(record, batch);
      try {
        await this.#effects.savepoint(tx, (tx) => this.#handler(tx, single));
      } catch (error) {
        await this.#poison(error, single, tx);
      }
    }
  }

  /** As {@linkcode #oneByOne}, for a database whose handlers are synchronous. */
  #oneByOneNow(tx: Tx, batch: GroupBatch<T>): void {
    for (const record of batch.records) {
      const single = only(record, batch);
      try {
        this.#effects.savepoint(tx, (tx) => this.#handler(tx, single));
      } catch (error) {
        const handled = this.#poison(error, single, tx);
        if (handled instanceof Promise) {
          handled.catch(() => {});
          throw new MisuseError("Cannot handle poison: onPoison must be synchronous on SQLite");
        }
      }
    }
  }

  /** Handles what is poison; a failure that may pass, or of all records, is one of the transaction. */
  #poison(error: unknown, batch: GroupBatch<T>, tx: Tx): unknown {
    if (isPassing(error) || error instanceof MisuseError || batch.signal.aborted) throw error;
    const { poison, options: { onPoison } } = this.parts;
    return poison.handle(error, batch, { tx, onPoison });
  }
}

/** A batch of one record; its position is that of the whole one. */
function only<T>(record: StreamRecord<T>, batch: GroupBatch<T>): GroupBatch<T> {
  return { ...batch, records: [record] };
}
