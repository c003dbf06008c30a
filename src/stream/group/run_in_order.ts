import type { SequenceNumber, StreamRecord } from "../../base/record.ts";
import { Notifier } from "../../base/notifier.ts";
import { Turns } from "../../kinesis/mod.ts";
import type { RecordChecker } from "../record_checker.ts";
import type { RunOptions } from "./group_options.ts";
import type { HeldShard } from "./held_shard.ts";
import type { Membership } from "./membership.ts";
import type { PoisonHandler } from "./poison.ts";
import { RecordReader } from "./record_reader.ts";
import { batchOf } from "./run_batches.ts";
import { tryHard } from "./try_hard.ts";

/** Called with each record; `signal` is aborted when its shard is lost. */
export type RecordHandler<T> = (
  record: StreamRecord<T>,
  context: { readonly signal: AbortSignal },
) => unknown;

/** What processing records takes. */
export interface RunParts<T> {
  readonly checker: RecordChecker<T>;
  readonly poison: PoisonHandler<T>;
  readonly retries: number;
  readonly options: RunOptions;
}

/** Passes records to a handler, several at once, those of each partition key in order. */
export class OrderedRunner<T> {
  readonly #handler: RecordHandler<T>;
  readonly #parts: RunParts<T>;
  readonly #turns: Turns;

  constructor(handler: RecordHandler<T>, parts: RunParts<T>) {
    this.#handler = handler;
    this.#parts = parts;
    this.#turns = new Turns(parts.options.concurrency ?? 8);
  }

  /** Processes a shard until it ends, is revoked, or the group has to stop. */
  async consume(shard: HeldShard, member: Membership): Promise<void> {
    const { checker, options: { maxAhead = 1_000 } } = this.#parts;
    const reader = new RecordReader(shard, member, checker);
    const mark = new LowWaterMark(shard);
    /** The last task of each key. */
    const keys = new Map<string, Promise<void>>();
    for (;;) {
      await mark.room(maxAhead);
      const read = await reader.next();
      if (read === undefined) return;
      const { record } = read;
      const done = mark.add(read);
      if (record === undefined) {
        done();
        continue;
      }
      const { partitionKey } = record;
      const task = (keys.get(partitionKey) ?? Promise.resolve())
        .then(() => this.#process(record, shard, member))
        .then((isDone) => {
          if (!isDone) return;
          done();
          member.saver.count();
        })
        .catch((error) => member.fail(error))
        .finally(() => {
          if (keys.get(partitionKey) === task) keys.delete(partitionKey);
        });
      keys.set(partitionKey, task);
    }
  }

  /** Processes one record; false if its shard is revoked before. */
  async #process(record: StreamRecord<T>, shard: HeldShard, member: Membership): Promise<boolean> {
    const { signal } = shard.lease;
    if (signal.aborted) return false;
    const turn = await this.#turns.take(signal).catch((error) => {
      if (!signal.aborted) throw error;
    });
    if (turn === undefined) return false;
    using _turn = turn;
    const { poison, retries } = this.#parts;
    const work = () => this.#handler(record, { signal: shard.signal });
    const result = await tryHard(member, shard, retries, work);
    if (result.type === "poison") {
      await poison.handle(result.error, batchOf([record], record.sequenceNumber, shard));
    }
    return result.type !== "revoked";
  }
}

/** The records of a shard that are in process, and the last one before the first of them. */
class LowWaterMark {
  readonly #shard: HeldShard;
  readonly #moved = new Notifier();
  #records: {
    readonly sequenceNumber: SequenceNumber;
    readonly isWhole: boolean;
    isDone: boolean;
  }[] = [];
  /** How many of them, from the first on, are done. */
  #done = 0;

  constructor(shard: HeldShard) {
    this.#shard = shard;
  }

  /** Adds a record that was read; call the result when it is processed. */
  add(
    { sequenceNumber, isWhole }: { sequenceNumber: SequenceNumber; isWhole: boolean },
  ): () => void {
    const entry = { sequenceNumber, isWhole, isDone: false };
    this.#records.push(entry);
    return () => {
      entry.isDone = true;
      if (this.#records[this.#done] === entry) this.#move();
    };
  }

  /** Waits until fewer than so many records are in process, or done beyond one that is not. */
  async room(maxAhead: number): Promise<void> {
    const { signal } = this.#shard.lease;
    while (this.#records.length - this.#done >= maxAhead && !signal.aborted) {
      await this.#moved.wait(signal);
    }
  }

  #move(): void {
    let position: SequenceNumber | undefined;
    for (let entry; (entry = this.#records[this.#done])?.isDone; this.#done++) {
      if (entry!.isWhole) position = entry!.sequenceNumber;
    }
    // Rarely, since it moves all that follow.
    if (this.#done >= 1_000 || this.#done === this.#records.length) {
      this.#records = this.#records.slice(this.#done);
      this.#done = 0;
    }
    if (position !== undefined) this.#shard.advance(position);
    this.#moved.notify();
  }
}
