import type { Clock } from "../base/clock.ts";

/** Signals that stop a process, and the exit codes of processes that they end immediately. */
export const STOP_SIGNALS = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const;

/** The name of such a signal. */
export type StopSignal = keyof typeof STOP_SIGNALS;

/** The names of all these signals. */
export const STOP_SIGNAL_NAMES = Object.keys(STOP_SIGNALS) as readonly StopSignal[];

/**
 * Signals within this time after the first count as the same one, in milliseconds: `timeout` signals
 * its child and then its process group.
 */
export const GRACE_MS = 5_000;

/** How long a command may take to end gracefully by default, in milliseconds. */
const END_MS = 15_000;

/** Why a command should end: the reason of {@linkcode StopSignals.signal}. */
export class Stopped extends Error {
  readonly signal: StopSignal;
  /** The exit code of a command that the signal interrupted. */
  readonly exitCode: number;

  constructor(signal: StopSignal) {
    super(`Received ${signal}`);
    this.name = "Stopped";
    this.signal = signal;
    this.exitCode = STOP_SIGNALS[signal];
  }
}

/**
 * Decides what a signal does. By default it ends the process immediately. If the command ends
 * gracefully, the first signal starts that, and signals in the next 5 seconds count as the same one.
 * A later signal ends the process immediately; so does a command that takes too long to end.
 *
 * All commands use this, because PID 1 of a container only receives signals that it handles.
 */
export class StopSignals {
  readonly #clock: Clock;
  readonly #exit: (code: number) => void;
  readonly #controller = new AbortController();
  #isGraceful = false;
  #endMs = END_MS;
  #receivedAt: number | undefined;

  /** @param exit Ends the process. */
  constructor(clock: Clock, exit: (code: number) => void) {
    this.#clock = clock;
    this.#exit = exit;
  }

  /** Aborted by the first signal. A command that reads this ends gracefully. */
  get signal(): AbortSignal {
    this.#isGraceful = true;
    return this.#controller.signal;
  }

  /** Why the command should end; undefined if no signal was received. */
  get reason(): Stopped | undefined {
    return this.#controller.signal.aborted ? this.#controller.signal.reason : undefined;
  }

  /** Sets how long the command may take to end gracefully. Default: 15 s. */
  endWithin(ms: number): void {
    this.#endMs = ms;
  }

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
