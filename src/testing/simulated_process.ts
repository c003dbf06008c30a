/**
 * A process that can die, inside a test.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Fate, FaultPlan, ServiceCall } from "./faults.ts";
import { serviceError } from "./service_errors.ts";

/** Something that a process did, or that happened to it. */
export type ProcessStep =
  /** A call goes out. */
  | { readonly type: "call"; readonly call: ServiceCall; readonly fate: Fate }
  /** A call takes effect; `late` if the caller was told before that it had failed, or has died. */
  | {
    readonly type: "answer" | "error";
    readonly call: ServiceCall;
    readonly late: boolean;
    readonly value: unknown;
  }
  /** The process dies. */
  | { readonly type: "crash"; readonly why: string }
  /** The process stands still, for so many milliseconds. */
  | { readonly type: "pause"; readonly ms: number };

/** Options of {@linkcode SimulatedProcess}. */
export interface SimulatedProcessOptions {
  /** Told of every step, to print or to hash. */
  readonly onStep?: (step: ProcessStep) => void;
}

/**
 * One process of a test: a clock that stops when the process dies.
 *
 * Nothing wakes a dead process: what it waited for never comes, so the code that ran in it stays
 * where it was, as after `kill -9`. What it had sent may still arrive. Give the process as their
 * clock to all that runs in it, and to {@linkcode withFaults}.
 *
 * @example A consumer that dies after its work and before its checkpoint
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
  /** Resolves when a pause is over; undefined while there is none. */
  #paused: Promise<void> | undefined;

  /**
   * Starts a process.
   *
   * @param clock The world's time and chance, which go on when the process dies.
   * @param options Who is told of its steps.
   */
  constructor(clock: Clock, options: SimulatedProcessOptions = {}) {
    this.#clock = clock;
    this.#onStep = options.onStep;
    this.crashed = this.#died.promise;
  }

  /** Whether it has not crashed. */
  get alive(): boolean {
    return this.#alive;
  }

  /** The world's time. */
  now(): number {
    return this.#clock.now();
  }

  /** The world's chance. */
  random(): number {
    return this.#clock.random();
  }

  /** Waits; forever, if the process dies, and at least as long as it is paused. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#clock.sleep(ms, signal).then(
        () => this.#whenAwake(resolve),
        (error) => this.#whenAwake(() => reject(error)),
      );
    });
  }

  /**
   * Lets it stand still for a while, as a virtual machine that is moved, or a long garbage
   * collection: what it waits for arrives, and is not noticed before. Its clock goes on.
   *
   * @param ms How long, in milliseconds; a pause during another one is added to it.
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

  /** Goes on with something once no pause holds it up; never, if the process is dead by then. */
  #whenAwake(act: () => void): void {
    if (this.#paused !== undefined) void this.#paused.then(() => this.#whenAwake(act));
    else if (this.#alive) act();
  }

  /**
   * Kills it.
   *
   * @param why What {@linkcode crashed} resolves with.
   */
  crash(why = "killed"): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#onStep?.({ type: "crash", why });
    this.#died.resolve(why);
  }

  /**
   * Calls a service, whatever becomes of it; {@linkcode withFaults} does this for every method.
   *
   * @param call What is called.
   * @param act Lets the call take effect.
   * @param options Who decides; what ends the wait for an answer that is slow.
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
    // What a process had sent when it died may still arrive.
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

  /** Lets a call take effect later, whatever becomes of the process. */
  #sendOff(call: ServiceCall, act: () => Promise<unknown>, landsIn: number | undefined): void {
    if (landsIn === undefined) return;
    const landed = (type: "answer" | "error") => (value: unknown) =>
      this.#onStep?.({ type, call, late: true, value });
    void this.#clock.sleep(landsIn).then(act).then(landed("answer"), landed("error"));
  }

  /** Waits as the world does: what is on its way does not stop when the process dies. */
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

/** A promise that nothing ever comes of. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}
