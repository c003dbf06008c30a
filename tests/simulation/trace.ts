/**
 * What happened in a run: a hash that tells two runs apart and, if somebody wants to read it, each
 * step in words.
 */
export class Trace {
  #hash = 0x811c9dc5;
  #steps = 0;
  readonly #write: ((line: string) => void) | undefined;

  constructor(write?: (line: string) => void) {
    this.#write = write;
  }

  /** Of all steps so far. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** How many steps there were. */
  get steps(): number {
    return this.#steps;
  }

  /** Notes a step; the details are worked out only if somebody reads them. */
  note(now: number, who: string, what: string, details?: () => string): void {
    this.#steps++;
    this.#mix(now % 1_000_003);
    for (let i = 0; i < who.length; i++) this.#mix(who.charCodeAt(i));
    for (let i = 0; i < what.length; i++) this.#mix(what.charCodeAt(i));
    if (this.#write === undefined) return;
    const time = new Date(now).toISOString().slice(5, -1);
    this.#write(`${time} ${who.padEnd(8)} ${what}${details === undefined ? "" : " " + details()}`);
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }
}
