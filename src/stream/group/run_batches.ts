import { TritonError } from "../../base/errors.ts";
import type { SequenceNumber, StreamRecord } from "../../base/record.ts";
import { Turns } from "../../kinesis/mod.ts";
import type { GroupEffects } from "../../shards/group/group_effects.ts";
import type { RecordChecker } from "../record_checker.ts";
import { allowCommit, type BatchCommit, type GroupBatch } from "./batch.ts";
import type { BatchOptions } from "./group_options.ts";
import type { HeldShard } from "./held_shard.ts";
import type { Membership } from "./membership.ts";
import type { OnPoison, PoisonHandler } from "./poison.ts";
import { type ReadBatch, RecordReader } from "./record_reader.ts";
import { tryHard, type WorkResult } from "./try_hard.ts";

/** What processing batches takes. */
export interface BatchParts<T> {
  readonly effects: GroupEffects | undefined;
  readonly checker: RecordChecker<T>;
  readonly poison: PoisonHandler<T>;
  readonly retries: number;
  readonly options: BatchOptions & { readonly onPoison?: OnPoison<T> | undefined };
}

/** Reads batches, each shard's one after the other, and lets a subclass process them. */
export abstract class BatchConsumer<T> {
  protected readonly parts: BatchParts<T>;
  readonly #turns: Turns;

  constructor(parts: BatchParts<T>) {
    this.parts = parts;
    this.#turns = new Turns(parts.options.concurrency ?? 4);
  }

  /** Processes a shard until it ends, is revoked, or the group has to stop. */
  async consume(shard: HeldShard, member: Membership): Promise<void> {
    const { checker, options: { maxRecords = 500, maxWaitMs = 200 } } = this.parts;
    const reader = new RecordReader(shard, member, checker);
    for (;;) {
      const batch = await reader.nextBatch({ maxRecords, maxWaitMs });
      if (batch === undefined) return;
      using turn = await this.#turn(shard);
      if (turn === undefined) return;
      const result = await this.process(batch, shard, member);
      if (result.type === "poison") throw result.error;
      if (result.type === "revoked") return;
    }
  }

  /** Processes a batch, and moves the position of its shard. */
  protected abstract process(
    batch: ReadBatch<T>,
    shard: HeldShard,
    member: Membership,
  ): Promise<WorkResult>;

  /** Waits for a turn; undefined if the shard is revoked before. */
  async #turn({ lease: { signal } }: HeldShard): Promise<Disposable | undefined> {
    try {
      return await this.#turns.take(signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }
}

/** Passes batches to a handler, and saves the position after each. */
export class BatchRunner<T> extends BatchConsumer<T> {
  readonly #handler: (batch: GroupBatch<T>) => unknown;

  constructor(handler: (batch: GroupBatch<T>) => unknown, parts: BatchParts<T>) {
    super(parts);
    this.#handler = handler;
  }

  protected async process(
    batch: ReadBatch<T>,
    shard: HeldShard,
    member: Membership,
  ): Promise<WorkResult> {
    const { retries } = this.parts;
    const result = await tryHard(member, shard, retries, () => this.#attempt(batch, shard, member));
    return result.type === "poison" ? await this.#oneByOne(batch, shard, member) : result;
  }

  /** Processes a batch Kinesis record by Kinesis record, so that only what is poison is handled as such. */
  async #oneByOne(
    { records, last }: ReadBatch<T>,
    shard: HeldShard,
    member: Membership,
  ): Promise<WorkResult> {
    const parts = [...Map.groupBy(records, ({ sequenceNumber }) => sequenceNumber)];
    for (const [index, [sequenceNumber, records]] of parts.entries()) {
      const part = { records, last: index === parts.length - 1 ? last : sequenceNumber };
      const result = await tryHard(member, shard, 0, () => this.#attempt(part, shard, member));
      if (result.type === "revoked") return result;
      if (result.type !== "poison") continue;
      const { poison, options: { onPoison } } = this.parts;
      await poison.handle(result.error, this.#batchOf(part, shard), { onPoison });
      await this.#save(part.last, shard, member);
    }
    return { type: "done" };
  }

  /** Lets the handler process a batch, and saves the position, unless the handler has committed it. */
  async #attempt(read: ReadBatch<T>, shard: HeldShard, member: Membership): Promise<void> {
    const { effects } = this.parts;
    const batch = this.#batchOf(read, shard);
    const { shardId, epoch, previous, last } = batch;
    const fence = { shardId, epoch, worker: member.worker, previous, last };
    const commit: BatchCommit = { effects, fence, isUsed: false };
    allowCommit(batch, commit);
    let failure: { readonly error: unknown } | undefined;
    try {
      await this.#handler(batch);
    } catch (error) {
      failure = { error };
    }
    if (commit.isUsed) return await this.#findOut(batch, shard, member, failure);
    if (failure !== undefined) throw failure.error;
    await this.#save(last, shard, member);
  }

  /** Asks the table whether the transaction in which a batch was committed has succeeded. */
  async #findOut(
    { shardId, previous, last }: GroupBatch<T>,
    shard: HeldShard,
    member: Membership,
    failure: { readonly error: unknown } | undefined,
  ): Promise<void> {
    const row = await member.position(shard);
    if (row?.position === last) return shard.commit(last);
    if (row === undefined || row.position !== previous) return member.lose(shard);
    throw failure?.error ?? new TritonError(
      `Cannot process records of ${shardId}: the transaction of commitIn() was not committed`,
    );
  }

  async #save(last: SequenceNumber, shard: HeldShard, { saver }: Membership): Promise<void> {
    shard.advance(last);
    await saver.save([shard]);
  }

  #batchOf({ records, last }: ReadBatch<T>, shard: HeldShard): GroupBatch<T> {
    return batchOf(records, last, shard);
  }
}

/** Records as their handler gets them. */
export function batchOf<T>(
  records: readonly StreamRecord<T>[],
  last: SequenceNumber,
  { shardId, lease: { epoch }, saved: previous, signal }: HeldShard,
): GroupBatch<T> {
  return { shardId, epoch, records, previous, last, signal };
}
