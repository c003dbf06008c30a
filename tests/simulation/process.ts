import type { Clock } from "../../src/clock.ts";
import type { Faults, ServiceName } from "./faults.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";

/** What processes share. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly trace: Trace;
}

/**
 * One process of the simulated world, with a clock of its own that stops when it dies.
 *
 * Nothing wakes a dead process: what it waited for never comes. What it has sent may still arrive.
 */
export class Process {
  /** What the trace calls it. */
  readonly name: string;
  /** The process's time and chance. */
  readonly clock: Clock;
  readonly #surroundings: Surroundings;
  readonly #onCrash: () => void;
  #alive = true;

  constructor(name: string, surroundings: Surroundings, random: Random, onCrash: () => void) {
    this.name = name;
    this.#surroundings = surroundings;
    this.#onCrash = onCrash;
    this.clock = {
      now: () => surroundings.scheduler.now,
      random: () => random.next(),
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
  }

  /** Whether it has not crashed. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Kills it. */
  crash(why: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#note("crashes", () => why);
    this.#onCrash();
  }

  /** Calls a service, whatever becomes of it; `act` is the moment of its effect. */
  async call<T>(
    service: ServiceName,
    operation: string,
    act: () => Promise<T>,
    details: () => string,
  ): Promise<T> {
    if (!this.#alive) return await never();
    const { scheduler, faults } = this.#surroundings;
    const fate = faults.decide(service, operation, scheduler.now);
    this.#note(`${service}.${operation} ${fate.kind}`, details);
    if (fate.kind === "late" || fate.kind === "crash") {
      this.#sendOff(`${service}.${operation}`, act, fate.landsIn);
      if (fate.kind === "crash") this.crash(`in ${operation}`);
    }
    await this.#pause(fate.before);
    if (fate.kind === "refused" || fate.kind === "late") {
      if (!this.#alive) return await never();
      throw faults.error(service, operation, fate.kind === "late");
    }
    // What a process had sent when it died may still arrive.
    if (fate.kind === "crash" || (!this.#alive && !fate.outlives)) return await never();
    const answer = await this.#perform(operation, act);
    if (fate.kind === "crash after") this.crash(`after ${operation}`);
    await this.#pause(fate.after);
    if (!this.#alive) return await never();
    if (fate.kind === "lost") throw faults.error(service, operation, true);
    return answer;
  }

  async #perform<T>(operation: string, act: () => Promise<T>): Promise<T> {
    try {
      const answer = await act();
      this.#note(operation, () => `-> ${show(answer)}`);
      return answer;
    } catch (error) {
      this.#note(operation, () => `failed: ${error}`);
      if (!this.#alive) return await never();
      throw error;
    }
  }

  /** Lets a call take effect later, whatever becomes of the process. */
  #sendOff(what: string, act: () => Promise<unknown>, landsIn: number | undefined): void {
    if (landsIn === undefined) return;
    this.#surroundings.scheduler.after(landsIn, () => {
      const landed = (answer: unknown) => this.#note(what, () => `landed late -> ${show(answer)}`);
      act().then(landed, landed);
    });
  }

  #pause(ms: number): Promise<void> | undefined {
    if (ms === 0) return undefined;
    return new Promise((resolve) => this.#surroundings.scheduler.after(ms, resolve));
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = this.#surroundings.scheduler.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        if (this.#alive) resolve();
      });
      const abort = () => {
        timer.cancelled = true;
        if (this.#alive) reject(signal!.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  #note(what: string, details?: () => string): void {
    this.#surroundings.trace.note(this.#surroundings.scheduler.now, this.name, what, details);
  }
}

/** A promise that nothing ever comes of. */
function never<T>(): Promise<T> {
  return new Promise(() => {});
}

/** A value in a few words, for the trace. */
export function show(value: unknown): string {
  if (value instanceof Error) return String(value);
  const text = JSON.stringify(value, (_name, part) => {
    if (part instanceof Uint8Array) return `<${part.length} bytes>`;
    if (part instanceof Map) return Object.fromEntries(part);
    return part;
  });
  return text === undefined ? "nothing" : text.length > 2_000 ? text.slice(0, 2_000) + "..." : text;
}
