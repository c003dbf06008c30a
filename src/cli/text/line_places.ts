/** So many runs are kept at least before those that are of no use any more are forgotten. */
const MAX_RUNS = 10_000;

/** Records whose lines follow on each other as they do. */
interface Run {
  /** The first record's place. */
  readonly place: number;
  /** How far its line's number is from its place. */
  readonly shift: number;
}

/**
 * The line of each record, by its place among all that a writer was given.
 *
 * Lines and places go on together but where a line is blank or bad, so that only these places take
 * memory and time.
 */
export class LinePlaces {
  #runs: Run[] = [];
  #limit = MAX_RUNS;

  /** Whether it is time to forget what is of no use. */
  get isLong(): boolean {
    return this.#runs.length > this.#limit;
  }

  /** Notes that the next record, at `place`, is that of a line. */
  add(place: number, line: number): void {
    const shift = line - place;
    if (this.#runs.at(-1)?.shift !== shift) this.#runs.push({ place, shift });
  }

  /** The line of a record; undefined if it is not known. */
  lineOf(place: number): number | undefined {
    const run = this.#runs.findLast((run) => run.place <= place);
    return run === undefined ? undefined : place + run.shift;
  }

  /** Forgets the records before a place. */
  forgetBefore(place: number): void {
    const first = this.#runs.findLastIndex((run) => run.place <= place);
    if (first > 0) this.#runs = this.#runs.slice(first);
    // Where few can be forgotten, to try again and again would take quadratic time.
    this.#limit = Math.max(MAX_RUNS, 2 * this.#runs.length);
  }
}
