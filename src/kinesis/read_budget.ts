import type { RecordBatch } from "./kinesis_api.ts";

/** Assumed size of a shard's first response: half of the maximum. */
const FIRST_GUESS = 5 << 20;

/**
 * Memory that the responses of several shards share, by the bytes of their records.
 *
 * The size of a response is unknown until it has arrived, so it is assumed to be that of the shard's
 * last one. Thus shards with little traffic are read all at once, and shards with a backlog a few at a
 * time. One response is always allowed, whatever its size.
 */
export class ReadBudget {
  readonly #bytes: number;
  #taken = 0;
  readonly #queue: { readonly bytes: number; readonly go: () => void }[] = [];

  /**
   * Creates a budget.
   *
   * @param bytes The size of the budget. A response takes up to 10 MB.
   */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Creates the share of one shard. */
  share(): ReadShare {
    return new ReadShare(
      (bytes, signal) => this.#take(bytes, signal),
      (bytes) => this.#change(bytes),
    );
  }

  /** Takes bytes once they are available, in the order of requests; false if aborted before. */
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

  /** Takes or releases bytes, and resumes those for whom enough are available now. */
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

/** The share of one shard in a {@linkcode ReadBudget}. */
export class ReadShare {
  readonly #take: (bytes: number, signal: AbortSignal | undefined) => Promise<boolean>;
  readonly #change: (bytes: number) => void;
  #guess = FIRST_GUESS;
  #held = 0;
  /** Which response the held bytes are for. */
  #turn = 0;

  /** Creates a share that holds nothing; `take` and `change` reach its budget. */
  constructor(
    take: (bytes: number, signal: AbortSignal | undefined) => Promise<boolean>,
    change: (bytes: number) => void,
  ) {
    this.#take = take;
    this.#change = change;
  }

  /**
   * Waits until there is room for a response, and sends the request. The room is held until `release`,
   * unless the request fails.
   *
   * @param ask Sends the request.
   * @param signal Cancels the wait.
   * @returns The response.
   * @throws The signal's reason, if it is aborted before there is room.
   */
  async hold(
    ask: () => Promise<RecordBatch>,
    signal: AbortSignal | undefined,
  ): Promise<RecordBatch> {
    const guess = this.#guess;
    if (!await this.#take(guess, signal)) throw signal?.reason;
    const turn = ++this.#turn;
    this.#held = guess;
    try {
      signal?.throwIfAborted();
      const batch = await ask();
      this.#guess = batch.records.reduce((sum, { data }) => sum + data.length, 0);
      // A late response, for which nobody waits any more, holds nothing.
      if (turn === this.#turn) this.#hold(this.#guess);
      return batch;
    } catch (error) {
      if (turn === this.#turn) this.release();
      throw error;
    }
  }

  /** Releases the room, after the response was processed. */
  release(): void {
    this.#turn++;
    this.#hold(0);
  }

  #hold(bytes: number): void {
    const change = bytes - this.#held;
    this.#held = bytes;
    this.#change(change);
  }
}
