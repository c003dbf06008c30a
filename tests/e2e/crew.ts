/**
 * The workers of the kill test and of a soak.
 *
 * @module
 */

import { deepStrictEqual, equal } from "node:assert/strict";
import type { TritonProcess } from "../support/triton_process.ts";

/** Workers that are replaced when they are killed. */
export class Crew {
  readonly #start: () => TritonProcess;
  readonly #all: TritonProcess[] = [];
  readonly #workers: TritonProcess[];

  /** Starts `count` workers by `start`. */
  constructor(count: number, start: () => TritonProcess) {
    this.#start = start;
    this.#workers = Array.from({ length: count }, () => this.#hire());
  }

  /** The workers that run now. */
  get workers(): readonly TritonProcess[] {
    return this.#workers;
  }

  /** Kills a worker as `kill -9` does, and starts another in its place. */
  async replace(worker: TritonProcess): Promise<void> {
    const { code } = await worker.stop("SIGKILL");
    equal(code, 137, `A worker ended by itself, with exit code ${code}`);
    this.#workers[this.#workers.indexOf(worker)] = this.#hire();
  }

  /** Stops a worker as an operator does, and starts another in its place. */
  async relieve(worker: TritonProcess): Promise<void> {
    equal(await dismiss(worker), 0, "A worker could not stop in order");
    this.#workers[this.#workers.indexOf(worker)] = this.#hire();
  }

  /** Stops all workers as an operator does. */
  async dismiss(): Promise<void> {
    const codes = await Promise.all(this.#workers.map(dismiss));
    deepStrictEqual(codes, codes.map(() => 0), "Workers could not stop in order");
  }

  /** All that the workers said, those that were killed included. */
  history(): string {
    return this.#all.map(({ log }, number) => `--- worker ${number}\n${log.join("\n")}`).join("\n");
  }

  #hire(): TritonProcess {
    const worker = this.#start();
    this.#all.push(worker);
    return worker;
  }
}

/** Stops a worker by SIGTERM; returns its exit code. */
async function dismiss(worker: TritonProcess): Promise<number> {
  // The youngest may not have come so far that it hears a signal.
  await worker.until(/Archiving \S+ to .* as worker /);
  return (await worker.stop("SIGTERM")).code;
}
