/**
 * The workers of the kill test.
 *
 * @module
 */

import { equal } from "node:assert/strict";
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
