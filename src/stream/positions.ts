/**
 * How far a reader has come, and how far that is saved.
 *
 * @module
 */

import type { Checkpointer } from "../checkpoint/checkpointer.ts";
import { askUntilAnswered, type RetryingOptions } from "../kinesis/retrying.ts";
import type { SequenceNumber, ShardId } from "../record.ts";

/** The last record of each shard that the caller is done with, and the last one saved. */
export class Positions {
  readonly #stream: string;
  readonly #checkpointer: Checkpointer | undefined;
  readonly #options: RetryingOptions;
  readonly #finished = new Map<ShardId, SequenceNumber>();
  readonly #saved = new Map<ShardId, SequenceNumber>();
  /** The record that the caller has in hand. */
  #current: { readonly shardId: ShardId; readonly sequenceNumber: SequenceNumber } | undefined;
  #saving: Promise<void> = Promise.resolve();

  /** Creates positions of a stream of which nothing was yielded yet. */
  constructor(
    stream: string,
    options: RetryingOptions & { readonly checkpointer?: Checkpointer | undefined },
  ) {
    this.#stream = stream;
    this.#checkpointer = options.checkpointer;
    this.#options = options;
  }

  /** Notes that a record is being handed to the caller. */
  deliver(shardId: ShardId, sequenceNumber: SequenceNumber): void {
    this.#current = { shardId, sequenceNumber };
  }

  /** Notes that the caller is done with all that was handed out. */
  finish(): void {
    if (this.#current === undefined) return;
    this.#finished.set(this.#current.shardId, this.#current.sequenceNumber);
    this.#current = undefined;
  }

  /** Loads the saved positions of all shards: none without a checkpointer. */
  async load(signal: AbortSignal): Promise<ReadonlyMap<ShardId, SequenceNumber>> {
    const checkpointer = this.#checkpointer;
    if (checkpointer === undefined) return new Map();
    const checkpoints = await askUntilAnswered(
      { service: "checkpoint", operation: "ListCheckpoints", stream: this.#stream },
      () => checkpointer.list(this.#stream),
      { ...this.#options, signal },
    );
    return new Map(checkpoints.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]));
  }

  /**
   * Saves what is finished; one save waits for the one before it.
   *
   * @param signal Once it is aborted, the database is asked one last time.
   */
  async save(signal = this.#options.signal): Promise<void> {
    const checkpointer = this.requireCheckpointer();
    const moved = new Map(
      [...this.#finished].filter(([shardId, number]) => this.#saved.get(shardId) !== number),
    );
    if (moved.size === 0) return this.#saving;
    const before = this.#saving.catch(() => {});
    const saving = before.then(() => this.#write(checkpointer, moved, signal));
    this.#saving = saving;
    await saving;
  }

  /** Where positions are saved; throws a `TypeError` if nowhere. */
  requireCheckpointer(): Checkpointer {
    if (this.#checkpointer !== undefined) return this.#checkpointer;
    throw new TypeError("Cannot save a checkpoint: the reader was given no checkpointer");
  }

  async #write(
    checkpointer: Checkpointer,
    moved: ReadonlyMap<ShardId, SequenceNumber>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const write = () => checkpointer.save(this.#stream, moved);
    const stream = this.#stream;
    try {
      await askUntilAnswered(
        { service: "checkpoint", operation: "SaveCheckpoint", stream },
        write,
        { ...this.#options, signal },
      );
    } catch (error) {
      if (!signal?.aborted) throw error;
      // Whoever stops wants to save what is done, but not to wait for a database that is away.
      await write();
    }
    for (const [shardId, number] of moved) this.#saved.set(shardId, number);
  }
}
