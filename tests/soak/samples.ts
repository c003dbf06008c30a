/**
 * How the workers of a soak stand, every few seconds. Linux only: it reads `/proc`.
 *
 * @module
 */

import { findUrl } from "../e2e/listening.ts";
import { memoryMb, openHandles } from "../support/proc.ts";
import type { TritonProcess } from "../support/triton_process.ts";

/** How one process stood at one moment. */
export interface Sample {
  /** The moment, in seconds since the soak began. */
  readonly at: number;
  /** The process. */
  readonly pid: number;
  /** Resident memory, in MB. */
  readonly memoryMb: number;
  /** Open files and sockets. */
  readonly handles: number;
  /** How far reading was behind, in seconds, if the process said so. */
  readonly lag?: number | undefined;
  /** How long the oldest record that was not archived had waited, in seconds, if it said so. */
  readonly unarchived?: number | undefined;
  /** How long until the stream would have dropped it, in seconds, if it said so. */
  readonly headroom?: number | undefined;
}

/** A worker that does not answer within this time tells nothing, in milliseconds. */
const PATIENCE_MS = 2_000;

/** Takes samples. */
export class Sampler {
  readonly #startedAt = performance.now();
  readonly #urls = new Map<number, string>();

  /** Samples all workers that run. */
  async take(workers: readonly TritonProcess[]): Promise<Sample[]> {
    const running = workers.filter(({ over }) => !over);
    const samples = await Promise.all(running.map((worker) => this.#sample(worker)));
    // One that was killed meanwhile has no memory.
    return samples.filter(({ memoryMb, handles }) => memoryMb > 0 && handles > 0);
  }

  async #sample(worker: TritonProcess): Promise<Sample> {
    const { pid } = worker;
    const at = Math.round(performance.now() - this.#startedAt) / 1000;
    const sizes = { at, pid, memoryMb: memoryMb(pid, "VmRSS"), handles: openHandles(pid) };
    return { ...sizes, ...await this.#ask(worker) };
  }

  /** What the worker itself says; nothing if it does not, as when it was just killed. */
  async #ask(worker: TritonProcess): Promise<Pick<Sample, "lag" | "unarchived" | "headroom">> {
    const url = this.#urls.get(worker.pid) ?? findUrl(worker);
    if (url === undefined) return {};
    this.#urls.set(worker.pid, url);
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const status = await (await fetch(`${url}status`, { signal })).json();
      const seconds = (ms: number | undefined) => ms === undefined ? undefined : ms / 1000;
      return {
        lag: seconds(status.lagMs),
        unarchived: seconds(status.unarchivedAgeMs),
        headroom: seconds(status.headroomMs),
      };
    } catch {
      return {};
    }
  }
}
