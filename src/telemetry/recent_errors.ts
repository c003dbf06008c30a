/** The name of a service in an attribute. */
export function serviceAttribute(service: string): string {
  return service.toLowerCase().replaceAll(" ", "_");
}

/** Something that went wrong, once or more often. */
export interface RecentError {
  /** What went wrong. */
  readonly message: string;
  /** How often. */
  readonly times: number;
  /** When it did first. */
  readonly firstAt: Date;
  /** When it did last. */
  readonly lastAt: Date;
}

/** How many errors are kept in mind. */
const RECENT = 20;

/** Errors of late. */
export class RecentErrors {
  readonly #errors: RecentError[] = [];

  /** The newest first; one that comes again and again is listed once. */
  get list(): readonly RecentError[] {
    return [...this.#errors];
  }

  /** Notes that something went wrong. */
  add(message: string, now: Date): void {
    const known = this.#errors.findIndex((error) => error.message === message);
    const [before] = known < 0 ? [] : this.#errors.splice(known, 1);
    const [times, firstAt] = [(before?.times ?? 0) + 1, before?.firstAt ?? now];
    this.#errors.unshift({ message, times, firstAt, lastAt: now });
    this.#errors.splice(RECENT);
  }
}
