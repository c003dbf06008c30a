import { type Clock, monotonicNow } from "../base/clock.ts";

/** A response of a service. */
export interface TimedResponse {
  /**
   * The service's time when it responded, possibly rounded down to the second. Without it, Triton
   * relies on this machine's clock.
   */
  readonly serverTime?: Date | undefined;
}

/**
 * Reads the `Date` header of a response, in whole seconds.
 *
 * @param headers The headers, names in lower case.
 * @returns The time; undefined if there is none.
 */
export function readServiceTime(headers: Readonly<Record<string, string>>): Date | undefined {
  const time = new Date(headers["date"] ?? "");
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Services report their time in whole seconds, rounded down. */
const PRECISION_MS = 1_000;

/** Allowance for the clocks of several servers of one service. */
const TOLERANCE_MS = 1_000;

/**
 * The time by Kinesis' clock, calculated from its responses and this machine's monotonic time.
 *
 * Every time that is compared with a time of Kinesis (arrival of a record, retention, a start
 * position) is measured by this clock, since the machine's own may be wrong or may be set while it
 * runs. Each response limits what the service's time can be; the earliest possible time is used, so it
 * is never in the future. Before the first response with a time, and with a `KinesisApi` that reports
 * none, it is the machine's time.
 *
 * @example Usage
 * ```ts
 * import { MemoryKinesis, ServiceTime, VirtualClock } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 *
 * const service = new VirtualClock({ now: 50_000 });
 * const machine = new VirtualClock({ now: 0 });
 * const kinesis = new MemoryKinesis({ clock: service });
 * kinesis.createStream("clicks");
 * const time = new ServiceTime(machine);
 * equal(time.now(), 0);
 * await time.of(() => kinesis.describeStream("clicks"));
 * await machine.advance(1_000);
 * equal(time.now(), 51_000);
 * ```
 */
export class ServiceTime {
  readonly #clock: Clock;
  /** Limits of the service's time less the monotonic time, in milliseconds. */
  #offset: { readonly least: number; readonly most: number } | undefined;

  /**
   * Creates a clock that has seen no response yet.
   *
   * @param clock The machine's clock.
   */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Notes the time in a response.
   *
   * @param response The response, with the service's time if it has one.
   * @param sentAt When the request was sent, in {@linkcode monotonic} time.
   */
  observe(response: TimedResponse, sentAt: number): void {
    if (response.serverTime === undefined) return;
    const time = response.serverTime.getTime();
    const said = { least: time - this.monotonic(), most: time + PRECISION_MS - sentAt };
    const least = Math.max(said.least, this.#offset?.least ?? -Infinity);
    const most = Math.min(said.most, this.#offset?.most ?? Infinity);
    // They contradict each other if a clock was set or the machine slept: the latest response wins.
    this.#offset = least <= most ? { least, most } : said;
  }

  /**
   * Makes a request, and notes the time in its response.
   *
   * @param request Makes the request.
   * @returns The response.
   */
  async of<T extends TimedResponse>(request: () => Promise<T>): Promise<T> {
    const sentAt = this.monotonic();
    const response = await request();
    this.observe(response, sentAt);
    return response;
  }

  /** This machine's monotonic time, in milliseconds since some moment. */
  monotonic(): number {
    return monotonicNow(this.#clock);
  }

  /** The service's time, in milliseconds since the Unix epoch. */
  now(): number {
    return this.at(this.monotonic());
  }

  /**
   * The service's time at a moment.
   *
   * @param moment The moment, in {@linkcode monotonic} time.
   * @returns The time, in milliseconds since the Unix epoch.
   */
  at(moment: number): number {
    const offset = this.#offset?.least ?? this.#clock.now() - this.monotonic();
    return Math.floor(moment + offset);
  }

  /**
   * A start position that the service accepts, and that precedes all that arrives after a moment.
   *
   * @param moment The moment, in {@linkcode monotonic} time. Default: now.
   */
  startAt(moment: number = this.monotonic()): Date {
    return new Date(this.at(moment) - TOLERANCE_MS);
  }
}
