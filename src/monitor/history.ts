import type { StoreStatus, StreamKey, StreamStatus } from "./store_status.ts";
import { summaryOf } from "./summary.ts";

/** The values of a status that are kept for charts; unknown values are NaN. */
export const SERIES = ["readPerSecond", "lagMs", "unarchivedAgeMs", "bufferedBytes"] as const;

export type SeriesName = typeof SERIES[number];

/** Time between samples, in milliseconds. */
export const SAMPLE_INTERVAL_MS = 30_000;

/** Six hours. */
const CAPACITY = 720;

/** What a sample is taken of. */
type Sampled = Pick<StreamStatus, "at" | "totals" | "lagMs" | "unarchivedAgeMs" | "memory">;

/** The last six hours of a store or a stream, in a fixed amount of memory. */
export class History {
  readonly #times = new Float64Array(CAPACITY);
  readonly #values = new Map(SERIES.map((name) => [name, new Float64Array(CAPACITY)]));
  #count = 0;
  #last: { readonly at: number; readonly read: number } | undefined;

  add(status: Sampled): void {
    const at = status.at.getTime();
    // The clock was set back: earlier samples no longer fit on the time axis.
    if (this.#last !== undefined && at <= this.#last.at) [this.#count, this.#last] = [0, undefined];
    const read = status.totals?.["triton.records.read"] ?? 0;
    const index = this.#count++ % CAPACITY;
    const sample: Record<SeriesName, number | undefined> = {
      readPerSecond: this.#last && rateOf(read - this.#last.read, at - this.#last.at),
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

/** The rate of a counter; unknown if it fell, as the sum of all streams does when one leaves. */
function rateOf(count: number, ms: number): number | undefined {
  return count < 0 ? undefined : count / ms * 1000;
}

/** The history of a store, and of each of its streams. */
export class Histories {
  /** That of all streams together. */
  readonly store = new History();
  #streams = new Map<string, History>();

  add(status: StoreStatus): void {
    this.store.add({ ...status, ...summaryOf(status) });
    this.#streams = new Map(status.streams.map((stream) => [keyOf(stream), this.of(stream)]));
    for (const stream of status.streams) this.of(stream).add(stream);
  }

  /** That of a stream; empty if it has not been sampled. */
  of(stream: StreamKey): History {
    return this.#streams.get(keyOf(stream)) ?? new History();
  }
}

function keyOf({ stream, client }: StreamKey): string {
  return JSON.stringify([stream, client]);
}
