import { type Clock, monotonicNow } from "../base/clock.ts";
import type { StreamFetcher } from "./stream_fetcher.ts";

/** When reading ends automatically. */
export interface IdleOptions {
  /**
   * Ends the iteration when it has caught up: every shard, including children of splits and merges, was
   * read since the iteration began and held nothing more, and all records were yielded. A shard that
   * reports more (a `MillisBehindLatest` above 0) counts as caught up if for a minute its responses had
   * no record and came no nearer to the newest one. With `afterMs`, also no record may have arrived for
   * that time, in milliseconds, to within `pollIntervalMs`. Default: reading continues until it is
   * stopped.
   *
   * Records that arrive while the last shards are read may be left for the next iteration.
   */
  readonly idle?: boolean | { readonly afterMs: number } | undefined;
}

/** Detects the end of one iteration. */
export class IdleWatch {
  readonly #fetcher: StreamFetcher;
  readonly #clock: Clock;
  readonly #afterMs: number | undefined;
  #lastRecordAt: number;

  /** Starts an iteration. */
  constructor(fetcher: StreamFetcher, clock: Clock, { idle = false }: IdleOptions) {
    this.#fetcher = fetcher;
    this.#clock = clock;
    if (idle !== false) this.#afterMs = idle === true ? 0 : idle.afterMs;
    this.#lastRecordAt = monotonicNow(clock);
    fetcher.expectNews();
  }

  record(): void {
    if (this.#afterMs !== undefined) this.#lastRecordAt = monotonicNow(this.#clock);
  }

  /** Whether the iteration is over; called while there is nothing to yield. */
  get isOver(): boolean {
    return this.#afterMs !== undefined && this.#fetcher.isCaughtUp &&
      monotonicNow(this.#clock) - this.#lastRecordAt >= this.#afterMs;
  }
}
