/** Runs are dropped only when there are more than this many. */
const MAX_RUNS = 10_000;

/** Consecutive records from consecutive lines. */
interface Run {
  readonly place: number;
  readonly shift: number;
}

/**
 * Maps the place of a record, among all that a writer was given, to its line.
 *
 * Lines and places advance together except at blank and bad lines, so only these use memory.
 */
export class LinePlaces {
  #runs: Run[] = [];
  #limit = MAX_RUNS;

  /** Whether {@linkcode forgetBefore} is due. */
  get isLong(): boolean {
    return this.#runs.length > this.#limit;
  }

  /** Adds the next record: its place and its line. */
  add(place: number, line: number): void {
    const shift = line - place;
    if (this.#runs.at(-1)?.shift !== shift) this.#runs.push({ place, shift });
  }

  /** The line of a record; undefined if unknown. */
  lineOf(place: number): number | undefined {
    const run = this.#runs.findLast((run) => run.place <= place);
    return run === undefined ? undefined : place + run.shift;
  }

  /** Forgets the records before a place. */
  forgetBefore(place: number): void {
    const first = this.#runs.findLastIndex((run) => run.place <= place);
    if (first > 0) this.#runs = this.#runs.slice(first);
    // If only a few could be dropped, trying again each time would take quadratic time.
    this.#limit = Math.max(MAX_RUNS, 2 * this.#runs.length);
  }
}
