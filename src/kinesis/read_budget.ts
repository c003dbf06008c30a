/**
 * Bounding the memory of responses that are read at once.
 *
 * @module
 */

import type { RecordBatch } from "./kinesis_api.ts";

/** What a shard's first response is taken to hold: half of the most there can be. */
const FIRST_GUESS = 5 << 20;

/**
 * Memory that the responses of several shards share, by the bytes of their records.
 *
 * How much a response holds is known only when it is there; the last one of the same shard is taken
 * for it. So shards at which little arrives are asked all at once, and those with a backlog a few at
 * a time. One response is always let through, however large.
 */
export class ReadBudget {
  readonly #bytes: number;
  #taken = 0;
  readonly #queue: { readonly bytes: number; readonly go: () => void }[] = [];

  /**
   * Creates a budget.
   *
   * @param bytes How much there is. A response takes up to 10 MB.
   */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Makes a share, for one shard. */
  share(): ReadShare {
    return new Share({
      take: (bytes, signal) => this.#take(bytes, signal),
      change: (bytes) => this.#change(bytes),
    });
  }

  /** Takes bytes once there are enough, in the order of asking; false if aborted before. */
  async #take(bytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted) return false;
    if (this.#queue.length === 0 && this.#fits(bytes)) {
      this.#taken += bytes;
      return true;
    }
    return await new Promise((resolve) => {
      const waiting = {
        bytes,
        go: () => {
          signal?.removeEventListener("abort", giveUp);
          resolve(true);
        },
      };
      const giveUp = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        resolve(false);
        this.#change(0);
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      this.#queue.push(waiting);
    });
  }

  /** Takes more, or gives back, and lets those go on for whom there is enough now. */
  #change(bytes: number): void {
    this.#taken += bytes;
    for (let next = this.#queue[0]; next && this.#fits(next.bytes); next = this.#queue[0]) {
      this.#queue.shift();
      this.#taken += next.bytes;
      next.go();
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#bytes;
  }
}

/** What one shard's responses take of a {@linkcode ReadBudget}. */
export interface ReadShare {
  /**
   * Waits until there is room for a response, and asks for it; the room is held until
   * `release`, unless asking fails.
   *
   * @param ask Asks for the response.
   * @param signal Ends the waiting.
   * @returns The response.
   * @throws The signal's reason, if it is aborted before there is room.
   */
  hold(ask: () => Promise<RecordBatch>, signal: AbortSignal | undefined): Promise<RecordBatch>;
  /** Gives the room back, once the response is done with. */
  release(): void;
}

/** How a share reaches its budget. */
interface Budget {
  readonly take: (bytes: number, signal: AbortSignal | undefined) => Promise<boolean>;
  readonly change: (bytes: number) => void;
}

class Share implements ReadShare {
  readonly #budget: Budget;
  #guess = FIRST_GUESS;
  #held = 0;
  /** Which response the held bytes are for. */
  #turn = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  async hold(
    ask: () => Promise<RecordBatch>,
    signal: AbortSignal | undefined,
  ): Promise<RecordBatch> {
    const guess = this.#guess;
    if (!await this.#budget.take(guess, signal)) throw signal?.reason;
    const turn = ++this.#turn;
    this.#held = guess;
    try {
      signal?.throwIfAborted();
      const batch = await ask();
      this.#guess = batch.records.reduce((sum, { data }) => sum + data.length, 0);
      // A response that comes after all, when nobody waits for it any more, holds nothing.
      if (turn === this.#turn) this.#hold(this.#guess);
      return batch;
    } catch (error) {
      if (turn === this.#turn) this.release();
      throw error;
    }
  }

  release(): void {
    this.#turn++;
    this.#hold(0);
  }

  #hold(bytes: number): void {
    const change = bytes - this.#held;
    this.#held = bytes;
    this.#budget.change(change);
  }
}
