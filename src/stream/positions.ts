import type { Checkpoint, Checkpointer } from "../checkpoint/checkpointer.ts";
import { monotonicNow, systemClock } from "../base/clock.ts";
import type { PartWatch } from "./watch/part_watch.ts";
import { START_ROW } from "../checkpoint/rows.ts";
import { type RetryingOptions, retryRequest } from "../base/retry.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";

/** Options of {@linkcode Positions}. */
export interface PositionsOptions extends RetryingOptions {
  readonly checkpointer?: Checkpointer | undefined;
  /** Is told how long a save takes. */
  readonly watch: PartWatch;
}

/** The last processed record of each shard, and the last saved one. */
export class Positions {
  readonly #stream: string;
  readonly #checkpointer: Checkpointer | undefined;
  readonly #options: PositionsOptions;
  readonly #finished = new Map<ShardId, SequenceNumber>();
  readonly #saved = new Map<ShardId, SequenceNumber>();
  /** The record that the caller is processing. */
  #current: { readonly shardId: ShardId; readonly sequenceNumber: SequenceNumber } | undefined;
  #saving: Promise<void> = Promise.resolve();
  #savedAt: Date | undefined;

  /** Creates positions of a stream from which nothing was yielded yet. */
  constructor(stream: string, options: PositionsOptions) {
    this.#stream = stream;
    this.#checkpointer = options.checkpointer;
    this.#options = options;
  }

  /** When positions were saved last; undefined if they never were. */
  get savedAt(): Date | undefined {
    return this.#savedAt;
  }

  /** Notes that a record is yielded. */
  deliver(shardId: ShardId, sequenceNumber: SequenceNumber): void {
    this.#current = { shardId, sequenceNumber };
  }

  /** Notes that the caller is done with all records up to these. */
  advance(positions: ReadonlyMap<ShardId, SequenceNumber>): void {
    for (const [shardId, sequenceNumber] of positions) this.#finished.set(shardId, sequenceNumber);
  }

  /** Notes that all records that were yielded are processed; returns whether one was in process. */
  finish(): boolean {
    if (this.#current === undefined) return false;
    this.#finished.set(this.#current.shardId, this.#current.sequenceNumber);
    this.#current = undefined;
    return true;
  }

  /** Loads the saved positions of all shards: none without a checkpointer. */
  async load(signal: AbortSignal): Promise<ReadonlyMap<ShardId, SequenceNumber>> {
    const checkpoints = await this.list(signal);
    return new Map(checkpoints.map(({ shardId, sequenceNumber }) => [shardId, sequenceNumber]));
  }

  /**
   * Loads the saved positions of all shards, and when they were saved.
   *
   * @throws {CheckpointError} With code `Group` if the client is a consumer group of the stream.
   */
  async list(signal: AbortSignal): Promise<readonly Checkpoint[]> {
    const checkpointer = this.#checkpointer;
    if (checkpointer === undefined) return [];
    const list = async () => {
      await checkpointer.requireReader?.(this.#stream);
      return await checkpointer.list(this.#stream);
    };
    const checkpoints = await this.#request("ListCheckpoints", list, signal);
    return checkpoints.filter(({ shardId }) => shardId !== START_ROW);
  }

  /**
   * Saves when the reading of the stream started, unless an earlier run did.
   *
   * @param start Finds the time, if none is saved.
   * @returns The time that an earlier run saved; undefined if this is the first run.
   */
  async writeStart(
    start: () => Promise<Date>,
    signal: AbortSignal,
  ): Promise<Date | undefined> {
    const checkpointer = this.#checkpointer;
    if (checkpointer === undefined) return undefined;
    const stream = this.#stream;
    const load = () => checkpointer.load(stream, START_ROW);
    const saved = await this.#request("LoadCheckpoint", load, signal);
    if (saved !== undefined) return new Date(Number(saved));
    const row = new Map([[START_ROW, `${(await start()).getTime()}` as SequenceNumber]]);
    await this.#request("SaveCheckpoint", () => checkpointer.save(stream, row), signal);
    return undefined;
  }

  /**
   * Saves the processed records; a save waits for the one before it.
   *
   * @param signal After its abort, one last attempt is made.
   */
  async save(signal = this.#options.signal): Promise<void> {
    const checkpointer = this.requireCheckpointer();
    this.#saving = this.#saving.catch(() => {}).then(() => this.#write(checkpointer, signal));
    await this.#saving;
  }

  /** The checkpointer; throws a `TypeError` if there is none. */
  requireCheckpointer(): Checkpointer {
    if (this.#checkpointer !== undefined) return this.#checkpointer;
    throw new TypeError("Cannot save a checkpoint: the reader has no checkpointer");
  }

  async #write(
    checkpointer: Checkpointer,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const moved = new Map(
      [...this.#finished].filter(([shardId, number]) => this.#saved.get(shardId) !== number),
    );
    if (moved.size === 0) return;
    const write = () => checkpointer.save(this.#stream, moved);
    const { clock = systemClock, watch } = this.#options;
    const startedAt = monotonicNow(clock);
    try {
      await this.#request("SaveCheckpoint", write, signal);
    } catch (error) {
      if (!signal?.aborted) throw error;
      // On a stop, processed records should be saved, but without waiting for a database that is down.
      await write();
    }
    watch.took("triton.reader.checkpoint.duration", monotonicNow(clock) - startedAt);
    this.#savedAt = new Date(clock.now());
    for (const [shardId, number] of moved) this.#saved.set(shardId, number);
  }

  #request<T>(operation: string, send: () => Promise<T>, signal: AbortSignal | undefined) {
    const request = { service: "checkpoint", operation, stream: this.#stream };
    return retryRequest(request, send, { ...this.#options, signal });
  }
}
