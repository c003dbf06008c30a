import { type Clock, monotonicNow } from "../base/clock.ts";
import type { Positions } from "./positions.ts";

/** When positions are saved automatically. */
export interface AutoCheckpointOptions {
  /**
   * Saves positions automatically: after each record (`true`), after a number of records (`every`),
   * after a time (`intervalMs`), or at whichever comes first, and when the reader is disposed.
   *
   * Only records that were yielded *and processed* are saved. Asking for the next record marks one as
   * processed: this is at the end of the loop's body, not at a `break`, a `return` or an error. The
   * record at which the loop ends is read again after a restart, unless `checkpoint()` was called.
   * Iterating again in the same process marks it as processed.
   */
  readonly autoCheckpoint?:
    | boolean
    | {
      /** Number of records after which positions are saved. */
      readonly every?: number | undefined;
      /** Time after which positions are saved, in milliseconds, to within `pollIntervalMs`. */
      readonly intervalMs?: number | undefined;
    }
    | undefined;
}

/** Saves positions when a save is due. */
export class AutoCheckpoint {
  readonly #positions: Positions;
  readonly #clock: Clock;
  readonly #rule: Rule | undefined;
  #records = 0;
  #savedAt: number;

  /** Creates a saver; without `autoCheckpoint` it never saves. */
  constructor(positions: Positions, clock: Clock, { autoCheckpoint }: AutoCheckpointOptions) {
    this.#positions = positions;
    this.#clock = clock;
    this.#rule = toRule(autoCheckpoint);
    if (this.#rule !== undefined) positions.requireCheckpointer();
    this.#savedAt = monotonicNow(clock);
  }

  /** Notes that a record was processed. */
  count(): void {
    this.#records++;
  }

  /** Whether a save is due. */
  get isDue(): boolean {
    if (this.#records === 0 || this.#rule === undefined) return false;
    const { every = Infinity, intervalMs = Infinity } = this.#rule;
    if (this.#records >= every) return true;
    return intervalMs !== Infinity && monotonicNow(this.#clock) - this.#savedAt >= intervalMs;
  }

  /** Saves the processed records; after an abort, makes one last attempt. */
  async save(signal: AbortSignal): Promise<void> {
    await this.#positions.save(signal);
    this.#records = 0;
    this.#savedAt = monotonicNow(this.#clock);
  }

  /** Saves the rest, with `autoCheckpoint`. */
  async close(): Promise<void> {
    if (this.#rule !== undefined) await this.#positions.save(AbortSignal.abort());
  }
}

type Rule = Exclude<AutoCheckpointOptions["autoCheckpoint"], boolean | undefined>;

function toRule(setting: AutoCheckpointOptions["autoCheckpoint"]): Rule | undefined {
  if (setting === undefined || setting === false) return undefined;
  if (setting === true) return { every: 1 };
  const { every, intervalMs } = setting;
  if (every === undefined && intervalMs === undefined) {
    throw new TypeError("Cannot save positions automatically: set every or intervalMs");
  }
  if (every !== undefined && !(Number.isInteger(every) && every >= 1)) {
    throw new RangeError(
      `Cannot save positions every ${every} records: set a whole number from 1 up`,
    );
  }
  if (intervalMs !== undefined && !(intervalMs >= 0)) {
    throw new RangeError(`Cannot save positions every ${intervalMs} ms: set a number from 0 up`);
  }
  return setting;
}
