import type { Clock } from "../base/clock.ts";
import type { Fate, FaultPlan, ServiceCall } from "./faults.ts";
import { serviceError } from "./service_errors.ts";

/** A step in the life of a process. */
export type ProcessStep =
  /** A call is sent. */
  | { readonly type: "call"; readonly call: ServiceCall; readonly fate: Fate }
  /** A call takes effect; `late` if the caller got an error before, or has died. */
  | {
    readonly type: "answer" | "error";
    readonly call: ServiceCall;
    readonly late: boolean;
    readonly value: unknown;
  }
  /** The process dies. */
  | { readonly type: "crash"; readonly why: string }
  /** The process pauses for `ms` milliseconds. */
  | { readonly type: "pause"; readonly ms: number };

/** Options of {@linkcode SimulatedProcess}. */
export interface SimulatedProcessOptions {
  /** Called with every step, for example to print or hash it. */
  readonly onStep?: (step: ProcessStep) => void;
}

/**
 * A process in a test: a clock that stops when the process dies.
 *
 * A dead process never wakes up: its pending promises never settle, so its code stops where it is,
 * as after `kill -9`. Requests that it had sent may still take effect. Pass the process as the clock
 * to all code that runs in it, and to {@linkcode withFaults}.
 *
 * @example A consumer that dies between its work and its checkpoint
 * ```ts
 * import { FaultScript, MemoryCheckpointer, MemoryKinesis } from "@triton/triton/testing";
 * import { putEvents, runUntil, SimulatedProcess } from "@triton/triton/testing";
 * import { VirtualClock, withFaults } from "@triton/triton/testing";
 * import { StreamReader } from "@triton/triton";
 * import { deepEqual } from "node:assert/strict";
 *
 * const clock = new VirtualClock();
 * const kinesis = new MemoryKinesis({ clock });
 * kinesis.createStream("clicks");
 * await putEvents(kinesis, "clicks", [{ n: 1 }, { n: 2 }, { n: 3 }]);
 * const checkpointer = new MemoryCheckpointer({ clock });
 * const script = new FaultScript([{ on: "save", nth: 2, fault: "crash" }]);
 * const handled: unknown[] = [];
 *
 * async function consume(process: SimulatedProcess): Promise<void> {
 *   const reader = new StreamReader(withFaults(kinesis, script, process), "clicks", {
 *     checkpointer: withFaults(checkpointer, script, process),
 *     clock: process,
 *   });
 *   for await (const record of reader) {
 *     handled.push(record.data.n);
 *     await reader.checkpoint();
 *     if (record.data.n === 3) return await reader[Symbol.asyncDispose]();
 *   }
 * }
 * const first = new SimulatedProcess(clock);
 * void consume(first);
 * await runUntil(clock, first.crashed);
 * await runUntil(clock, consume(new SimulatedProcess(clock)));
 * deepEqual(handled, [1, 2, 2, 3]); // at least once
 * ```
 */
export class SimulatedProcess implements Clock {
  /** Resolves when the process dies, with the reason. */
  readonly crashed: Promise<string>;
  readonly #clock: Clock;
  readonly #onStep: ((step: ProcessStep) => void) | undefined;
  readonly #died = Promise.withResolvers<string>();
  #alive = true;
  /** Resolves when the pause ends; undefined if there is none. */
  #paused: Promise<void> | undefined;

  /**
   * Starts a process.
   *
   * @param clock The clock of the test, which continues when the process dies.
   * @param options Receives the steps of the process.
   */
  constructor(clock: Clock, options: SimulatedProcessOptions = {}) {
    this.#clock = clock;
    this.#onStep = options.onStep;
    this.crashed = this.#died.promise;
  }

  /** Whether the process has not crashed. */
  get alive(): boolean {
    return this.#alive;
  }

  /** The time of the test's clock. */
  now(): number {
    return this.#clock.now();
  }

  /** A random number of the test's clock. */
  random(): number {
    return this.#clock.random();
  }

  /** Sleeps: at least until a pause ends, and forever if the process dies. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#clock.sleep(ms, signal).then(
        () => this.#whenAwake(resolve),
        (error) => this.#whenAwake(() => reject(error)),
      );
    });
  }

  /**
   * Pauses the process, like a virtual machine that is moved, or a long garbage collection: it
   * notices responses only after the pause. Its clock continues.
   *
   * @param ms How long, in milliseconds; a pause during another one is added to that.
   */
  pause(ms: number): void {
    if (!this.#alive) return;
    this.#onStep?.({ type: "pause", ms });
    const before = this.#paused ?? Promise.resolve();
    const paused = before.then(() => this.#clock.sleep(ms)).then(() => {
      if (this.#paused === paused) this.#paused = undefined;
    });
    this.#paused = paused;
  }

  /** Calls `act` when the process is not paused; never if it has died by then. */
  #whenAwake(act: () => void): void {
    if (this.#paused !== undefined) void this.#paused.then(() => this.#whenAwake(act));
    else if (this.#alive) act();
  }

  /**
   * Kills the process.
   *
   * @param why The value of {@linkcode crashed}.
   */
  crash(why = "killed"): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#onStep?.({ type: "crash", why });
    this.#died.resolve(why);
  }

  /**
   * Calls a service according to a fault plan; {@linkcode withFaults} does this for every method.
   *
   * @param call The call.
   * @param act Performs the call.
   * @param options The plan, and a signal that ends the wait for a slow response.
   */
  async call<T>(
    call: ServiceCall,
    act: () => Promise<T>,
    options: { readonly plan: FaultPlan; readonly signal?: AbortSignal | undefined },
  ): Promise<T> {
    if (!this.#alive) return await never();
    try {
      return await this.#send(call, act, options);
    } finally {
      if (this.#paused !== undefined) await new Promise<void>((go) => this.#whenAwake(go));
    }
  }

  async #send<T>(
    call: ServiceCall,
    act: () => Promise<T>,
    { plan, signal }: { readonly plan: FaultPlan; readonly signal?: AbortSignal | undefined },
  ): Promise<T> {
    signal?.throwIfAborted();
    const fate = plan.decide(call, this.now());
    this.#onStep?.({ type: "call", call, fate });
    if (fate.kind === "late" || fate.kind === "crash") {
      this.#sendOff(call, act, fate.landsIn);
      if (fate.kind === "crash") this.crash(`in ${call.operation}`);
    }
    await this.#pause(fate.before, signal);
    if (fate.kind === "refused" || fate.kind === "late") {
      if (!this.#alive) return await never();
      throw errorOf(fate, call);
    }
    // A request that a process had sent before it died may still take effect.
    if (fate.kind === "crash" || (!this.#alive && !fate.outlives)) return await never();
    const answer = await this.#perform(call, act);
    if (fate.kind === "crash after") this.crash(`after ${call.operation}`);
    await this.#pause(fate.after, signal);
    if (!this.#alive) return await never();
    if (fate.kind === "lost") throw errorOf(fate, call);
    return answer;
  }

  async #perform<T>(call: ServiceCall, act: () => Promise<T>): Promise<T> {
    try {
      const value = await act();
      this.#onStep?.({ type: "answer", call, late: false, value });
      return value;
    } catch (error) {
      this.#onStep?.({ type: "error", call, late: false, value: error });
      if (!this.#alive) return await never();
      throw error;
    }
  }

  /** Performs a call later, even if the process dies. */
  #sendOff(call: ServiceCall, act: () => Promise<unknown>, landsIn: number | undefined): void {
    if (landsIn === undefined) return;
    const landed = (type: "answer" | "error") => (value: unknown) =>
      this.#onStep?.({ type, call, late: true, value });
    void this.#clock.sleep(landsIn).then(act).then(landed("answer"), landed("error"));
  }

  /** Waits on the test's clock: a request in flight does not stop when the process dies. */
  #pause(ms: number | undefined, signal: AbortSignal | undefined): Promise<void> | undefined {
    if (!ms) return undefined;
    return new Promise((resolve, reject) => {
      this.#clock.sleep(ms, signal).then(resolve, (error) => this.#alive && reject(error));
    });
  }
}

function errorOf(fate: Fate, call: ServiceCall): Error {
  return fate.error?.() ?? serviceError(call, "ECONNRESET");
}

/** A promise that never settles. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}
