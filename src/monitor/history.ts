import type { StoreStatus } from "./store_status.ts";

/** The values of a status that are kept for charts; unknown values are NaN. */
export const SERIES = ["readPerSecond", "lagMs", "unarchivedAgeMs", "bufferedBytes"] as const;

export type SeriesName = typeof SERIES[number];

/** Time between samples, in milliseconds. */
export const SAMPLE_INTERVAL_MS = 30_000;

/** Six hours. */
const CAPACITY = 720;

/** The last six hours of a store, in a fixed amount of memory. */
export class History {
  readonly #times = new Float64Array(CAPACITY);
  readonly #values = new Map(SERIES.map((name) => [name, new Float64Array(CAPACITY)]));
  #count = 0;
  #last: { readonly at: number; readonly read: number } | undefined;

  add(status: StoreStatus): void {
    const at = status.at.getTime();
    // The clock was set back: earlier samples no longer fit on the time axis.
    if (this.#last !== undefined && at <= this.#last.at) [this.#count, this.#last] = [0, undefined];
    const read = status.totals?.["triton.records.read"] ?? 0;
    const index = this.#count++ % CAPACITY;
    const sample: Record<SeriesName, number | undefined> = {
      readPerSecond: this.#last && (read - this.#last.read) / (at - this.#last.at) * 1000,
      lagMs: status.lagMs,
      unarchivedAgeMs: status.unarchivedAgeMs,
      bufferedBytes: status.memory?.buffered,
    };
    this.#times[index] = at;
    for (const name of SERIES) this.#values.get(name)![index] = sample[name] ?? NaN;
    this.#last = { at, read };
  }

  /** Times of the samples, in milliseconds since the Unix epoch, the oldest first. */
  get times(): number[] {
    return this.#inOrder(this.#times);
  }

  /** The values of a series, the oldest first. */
  series(name: SeriesName): number[] {
    return this.#inOrder(this.#values.get(name)!);
  }

  #inOrder(ring: Float64Array): number[] {
    const start = this.#count % CAPACITY;
    return this.#count <= CAPACITY
      ? [...ring.subarray(0, this.#count)]
      : [...ring.subarray(start), ...ring.subarray(0, start)];
  }
}
