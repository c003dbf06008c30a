/**
 * Saving positions by itself.
 *
 * @module
 */

import { type Clock, monotonicNow } from "../base/clock.ts";
import type { Positions } from "./positions.ts";

/** When positions are saved without being asked to. */
export interface AutoCheckpointOptions {
  /**
   * Saves positions by itself: after each record (`true`), after every so many (`every`), when so
   * many milliseconds have passed (`intervalMs`), or at whichever comes first; and, at the latest,
   * when the reader is disposed of.
   *
   * What is saved is what was yielded *and finished*. A record is finished when the next one is
   * asked for: so at the end of the loop's body, not where `break`, `return` or an error leave it. A
   * record that the loop is left at is read again after a restart, unless `checkpoint()` was called
   * before; iterating again, in the same process, says that it is finished.
   */
  readonly autoCheckpoint?:
    | boolean
    | {
      /** After so many records. */
      readonly every?: number | undefined;
      /** So many milliseconds after the last time, give or take `pollIntervalMs`. */
      readonly intervalMs?: number | undefined;
    }
    | undefined;
}

/** Saves positions when it is time to. */
export class AutoCheckpoint {
  readonly #positions: Positions;
  readonly #clock: Clock;
  readonly #rule: Rule | undefined;
  #records = 0;
  #savedAt: number;

  /** Creates what saves, or never does if nobody wants it to. */
  constructor(positions: Positions, clock: Clock, { autoCheckpoint }: AutoCheckpointOptions) {
    this.#positions = positions;
    this.#clock = clock;
    this.#rule = toRule(autoCheckpoint);
    if (this.#rule !== undefined) positions.requireCheckpointer();
    this.#savedAt = monotonicNow(clock);
  }

  /** Notes that a record is finished. */
  count(): void {
    this.#records++;
  }

  /** Whether it is time to save. */
  get isDue(): boolean {
    if (this.#records === 0 || this.#rule === undefined) return false;
    const { every = Infinity, intervalMs = Infinity } = this.#rule;
    if (this.#records >= every) return true;
    return intervalMs !== Infinity && monotonicNow(this.#clock) - this.#savedAt >= intervalMs;
  }

  /** Saves what is finished; when the signal is aborted, the database is asked one last time. */
  async save(signal: AbortSignal): Promise<void> {
    await this.#positions.save(signal);
    this.#records = 0;
    this.#savedAt = monotonicNow(this.#clock);
  }

  /** Saves what is finished and not saved yet, if it is to be saved at all. */
  async close(): Promise<void> {
    if (this.#rule !== undefined) await this.#positions.save(AbortSignal.abort());
  }
}

interface Rule {
  readonly every?: number | undefined;
  readonly intervalMs?: number | undefined;
}

function toRule(setting: AutoCheckpointOptions["autoCheckpoint"]): Rule | undefined {
  if (setting === undefined || setting === false) return undefined;
  if (setting === true) return { every: 1 };
  const { every, intervalMs } = setting;
  if (every === undefined && intervalMs === undefined) {
    throw new TypeError("Cannot checkpoint automatically: give every or intervalMs");
  }
  if (every !== undefined && !(Number.isInteger(every) && every >= 1)) {
    throw new RangeError(`Cannot checkpoint every ${every} records: give a whole number from 1 up`);
  }
  if (intervalMs !== undefined && !(intervalMs >= 0)) {
    throw new RangeError(`Cannot checkpoint every ${intervalMs} ms: give a number from 0 up`);
  }
  return setting;
}
