import { whenAborted } from "../base/notifier.ts";
import type { ArchiverMonitor } from "./status/archiver_monitor.ts";

/** Tasks that run side by side until it is time to stop; if one fails, all stop. */
export class WorkerTasks {
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #monitor: Pick<ArchiverMonitor, "failed">;
  #failure: { readonly error: unknown } | undefined;

  constructor(monitor: Pick<ArchiverMonitor, "failed">) {
    this.#monitor = monitor;
  }

  /** Aborted when it is time to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What the first task failed with. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Stops all tasks. */
  stop(): void {
    this.#stop.abort();
  }

  /** Runs a task that has to end before the worker can stop. */
  run(task: Promise<void>): void {
    const guarded = this.guard(task).finally(() => this.#running.delete(guarded));
    this.#running.add(guarded);
  }

  /** Stops all tasks if this one fails. */
  async guard(task: Promise<void>): Promise<void> {
    try {
      await task;
    } catch (error) {
      this.fail(error);
    }
  }

  /** Stops all tasks because of an error. */
  fail(error: unknown): void {
    // A task that waits when it is time to stop throws the reason of the signal.
    if (this.signal.aborted && error === this.signal.reason) return;
    this.#failure ??= { error };
    this.#monitor.failed(error instanceof Error ? error.message : String(error));
    this.stop();
  }

  /** Waits until it is time to stop and all tasks have ended. */
  async ended(): Promise<void> {
    await whenAborted(this.signal);
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
