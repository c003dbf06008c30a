/**
 * Ending when there is nothing more to read.
 *
 * @module
 */

import { type Clock, monotonicNow } from "../base/clock.ts";
import type { StreamFetcher } from "./stream_fetcher.ts";

/** When reading ends by itself. */
export interface IdleOptions {
  /**
   * Ends the iteration when it has caught up: when every shard, children of splits and merges
   * included, was asked since the iteration began and held nothing more, and all was yielded. A shard
   * that reports more (a `MillisBehindLatest` above 0) counts as caught up when for a minute its
   * responses have brought no record and come no nearer to the newest one. With `afterMs`, when besides no record has come for that many milliseconds, give or take
   * `pollIntervalMs`. Unless given, reading goes on until it is stopped.
   *
   * What arrives while the last shards are read may not be among it: it is for the next iteration.
   */
  readonly idle?: boolean | { readonly afterMs: number } | undefined;
}

/** Watches one iteration for its end. */
export class IdleWatch {
  readonly #fetcher: StreamFetcher;
  readonly #clock: Clock;
  readonly #afterMs: number | undefined;
  #lastRecordAt: number;

  /** Begins to watch. */
  constructor(fetcher: StreamFetcher, clock: Clock, { idle = false }: IdleOptions) {
    this.#fetcher = fetcher;
    this.#clock = clock;
    if (idle !== false) this.#afterMs = idle === true ? 0 : idle.afterMs;
    this.#lastRecordAt = monotonicNow(clock);
    fetcher.expectNews();
  }

  /** Notes that a record was read. */
  record(): void {
    if (this.#afterMs !== undefined) this.#lastRecordAt = monotonicNow(this.#clock);
  }

  /** Whether the iteration is over; asked while there is nothing to yield. */
  get isOver(): boolean {
    return this.#afterMs !== undefined && this.#fetcher.isCaughtUp &&
      monotonicNow(this.#clock) - this.#lastRecordAt >= this.#afterMs;
  }
}
