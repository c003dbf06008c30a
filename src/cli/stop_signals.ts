import type { Clock } from "../base/clock.ts";

/** Signals that ask a process to end, and the exit codes of those that they end at once. */
export const STOP_SIGNALS = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;

/** The name of such a signal. */
export type StopSignal = keyof typeof STOP_SIGNALS;

/** The names of all of them. */
export const STOP_SIGNAL_NAMES = Object.keys(STOP_SIGNALS) as readonly StopSignal[];

/**
 * Signals that follow the first within this time are taken for the same, in milliseconds: `timeout`
 * sends one to its child, and then one to its group.
 */
export const GRACE_MS = 5_000;

/** How long a command may take to end gracefully, unless it asks for more, in milliseconds. */
const END_MS = 15_000;

/** Why a command is to end: the reason of {@linkcode StopSignals.signal}. */
export class Stopped extends Error {
  /** The signal that was received. */
  readonly signal: StopSignal;
  /** The exit code of a command that the signal kept from finishing. */
  readonly exitCode: number;

  /** @param signal The signal that was received. */
  constructor(signal: StopSignal) {
    super(`Received ${signal}`);
    this.name = "Stopped";
    this.signal = signal;
    this.exitCode = STOP_SIGNALS[signal];
  }
}

/**
 * Decides what a signal does: it ends a command at once, unless the command ends gracefully; then the
 * first one asks for that, those of the next 5 seconds are taken for the same, and a later one, or a
 * command that takes too long, ends the process at once.
 *
 * PID 1 of a container gets no signal that it does not handle, so this is for all commands.
 */
export class StopSignals {
  readonly #clock: Clock;
  readonly #exit: (code: number) => void;
  readonly #controller = new AbortController();
  #isGraceful = false;
  #endMs = END_MS;
  #receivedAt: number | undefined;

  /**
   * @param clock Where time comes from.
   * @param exit Ends the process.
   */
  constructor(clock: Clock, exit: (code: number) => void) {
    this.#clock = clock;
    this.#exit = exit;
  }

  /** Aborted by the first signal; a command that asks for it ends gracefully. */
  get signal(): AbortSignal {
    this.#isGraceful = true;
    return this.#controller.signal;
  }

  /** Why the command is to end; undefined if no signal was received. */
  get reason(): Stopped | undefined {
    return this.#controller.signal.aborted ? this.#controller.signal.reason : undefined;
  }

  /** Sets how long the command may take to end gracefully. Default: 15 s. */
  endWithin(ms: number): void {
    this.#endMs = ms;
  }

  /** Takes a signal. */
  receive(signal: StopSignal): void {
    const now = this.#clock.now();
    const code = STOP_SIGNALS[signal];
    if (!this.#isGraceful) return this.#exit(code);
    if (this.#receivedAt !== undefined) {
      if (Math.abs(now - this.#receivedAt) >= GRACE_MS) this.#exit(code);
      return;
    }
    this.#receivedAt = now;
    this.#controller.abort(new Stopped(signal));
    this.#clock.sleep(this.#endMs).then(() => this.#exit(code));
  }
}
