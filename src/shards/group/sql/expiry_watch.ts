import { type Clock, monotonicNow } from "../../../base/clock.ts";

/** When a worker's row says that it expires, as it was seen. */
export interface SeenExpiry {
  /** The expiry, by the database's clock. */
  readonly expiresMs: number;
  /** The time of the database's clock. */
  readonly nowMs: number;
  /** How long a lease lasts. */
  readonly ttlMs: number;
}

/**
 * Notices workers that would never expire: the clock of the database was set back since they died, or
 * another server with another clock is the primary now.
 *
 * No worker sets an expiry that is over one lease ahead. One that stays there for a lease, by the
 * monotonic clock of this process, is of a worker that does not renew.
 */
export class ExpiryWatch {
  readonly #clock: Clock;
  readonly #ahead = new Map<string, { readonly expiresMs: number; readonly since: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a worker counts as expired, though its expiry is ahead. */
  isStuck(worker: string, { expiresMs, nowMs, ttlMs }: SeenExpiry): boolean {
    if (expiresMs <= nowMs + ttlMs) {
      this.#ahead.delete(worker);
      return false;
    }
    const seen = this.#ahead.get(worker);
    const now = monotonicNow(this.#clock);
    if (seen?.expiresMs === expiresMs) return now - seen.since >= ttlMs;
    this.#ahead.set(worker, { expiresMs, since: now });
    return false;
  }

  /** Forgets the workers that are not among those that exist. */
  keep(workers: ReadonlySet<string>): void {
    for (const worker of this.#ahead.keys()) {
      if (!workers.has(worker)) this.#ahead.delete(worker);
    }
  }
}
