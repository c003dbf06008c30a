import { type Clock, monotonicNow, pause } from "../base/clock.ts";
import { anySignal, Notifier } from "../base/notifier.ts";
import { inBackground } from "./background_clock.ts";
import type { Positions } from "./positions.ts";

/** When positions are saved automatically. */
export interface AutoCheckpointOptions {
  /**
   * Saves positions automatically: after a number of records (`every`), after a time (`intervalMs`), or
   * at whichever comes first; `true` stands for `{ every: 1_000, intervalMs: 1_000 }`. Positions are
   * also saved when a shard ends, when the loop ends, and when the reader is disposed.
   *
   * Only records that were yielded *and processed* are saved. Asking for the next record marks one as
   * processed: this is at the end of the loop's body, not at a `break`, a `return` or an error. The
   * record at which the loop ends is read again after a restart, unless `checkpoint()` was called.
   * Iterating again in the same process marks it as processed.
   *
   * Each record is processed at least once. After a crash, the records that were processed since the
   * last save come again, and the one in process: with `true`, those of about a second, at most 1,000
   * and one. With `{ every: 1 }` it is the one in process, at the price of a save for each record. While
   * the database cannot be reached, reading waits as soon as a save is due.
   */
  readonly autoCheckpoint?:
    | boolean
    | {
      /** Number of records after which positions are saved. Default: any number. */
      readonly every?: number | undefined;
      /** Time after which a processed record is saved, in milliseconds. Default: any time. */
      readonly intervalMs?: number | undefined;
    }
    | undefined;
}

/** Saves positions when a save is due. */
export class AutoCheckpoint {
  readonly #positions: Positions;
  readonly #clock: Clock;
  readonly #background: Clock;
  readonly #rule: Rule | undefined;
  readonly #counted = new Notifier();
  /** Ends the retries of a save in the background when the loop is left. */
  #leaving = new AbortController();
  /** How many records were processed, and how many of them are saved. */
  #processed = 0;
  #saved = 0;
  /** When the first one that is not saved was processed, in monotonic time. */
  #since = 0;

  /** Creates a saver; without `autoCheckpoint` it never saves. */
  constructor(positions: Positions, clock: Clock, { autoCheckpoint }: AutoCheckpointOptions) {
    this.#positions = positions;
    this.#clock = clock;
    this.#background = inBackground(clock);
    this.#rule = toRule(autoCheckpoint);
    if (this.#rule !== undefined) positions.requireCheckpointer();
  }

  /** Notes that records were processed. */
  count(records = 1): void {
    const isFirst = this.#processed === this.#saved && this.#rule !== undefined;
    this.#processed += records;
    if (!isFirst) return;
    this.#since = monotonicNow(this.#clock);
    this.#counted.notify();
  }

  /** Whether a save is due. */
  get isDue(): boolean {
    const records = this.#processed - this.#saved;
    if (this.#rule === undefined || records === 0) return false;
    const { every, intervalMs } = this.#rule;
    return records >= every || intervalMs < Infinity && this.#restMs <= 0;
  }

  /** Saves in time also while a record takes long, until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#rule === undefined || this.#rule.intervalMs === Infinity) return;
    while (!signal.aborted) {
      if (this.#processed === this.#saved) await this.#counted.wait(signal);
      else if (await pause(this.#background, Math.max(1, this.#restMs), signal) && this.isDue) {
        // Whoever asks for the next record saves again, and gets the error.
        this.#leaving = new AbortController();
        await this.save(anySignal(signal, this.#leaving.signal))
          .catch(() => this.#counted.wait(signal));
      }
    }
  }

  /** Saves the processed records, if there are any; after an abort, makes one last attempt. */
  async save(signal: AbortSignal): Promise<void> {
    const processed = this.#processed;
    if (processed === this.#saved || this.#rule === undefined) return;
    const startedAt = monotonicNow(this.#clock);
    await this.#positions.save(signal);
    this.#saved = Math.max(this.#saved, processed);
    this.#since = startedAt; // another one may have been processed since
  }

  /** Saves the rest when the loop is left, in one attempt; {@linkcode close} makes another one. */
  async leave(): Promise<void> {
    this.#leaving.abort(); // a save that waits for the database would keep the caller in the loop
    await this.save(AbortSignal.abort()).catch(() => {});
  }

  /** Saves the rest, with `autoCheckpoint`, in one attempt. */
  async close(): Promise<void> {
    if (this.#rule !== undefined) await this.#positions.save(AbortSignal.abort());
  }

  /** The time until a save is due, in milliseconds. */
  get #restMs(): number {
    return this.#since + this.#rule!.intervalMs - monotonicNow(this.#clock);
  }
}

/** Limits at which positions are saved; Infinity for none. */
interface Rule {
  readonly every: number;
  readonly intervalMs: number;
}

function toRule(setting: AutoCheckpointOptions["autoCheckpoint"]): Rule | undefined {
  if (setting === undefined || setting === false) return undefined;
  if (setting === true) return { every: 1_000, intervalMs: 1_000 };
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
  return { every: every ?? Infinity, intervalMs: intervalMs ?? Infinity };
}
