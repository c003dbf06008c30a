import { clearTimeout, setTimeout } from "node:timers";

/** Options of {@linkcode Silence}. */
export interface SilenceOptions {
  readonly signal?: AbortSignal | undefined;
  /** Longest time without a byte in either direction, in milliseconds. */
  readonly limitMs: number;
}

/**
 * Aborts a request when no byte was received or sent for too long, or when its signal is aborted.
 *
 * Only the time spent waiting counts: a slow reader is not the server's fault. There is one timer per
 * request, not one per chunk. It does not keep the process alive: what is waited for does.
 */
export class Silence {
  readonly #controller = new AbortController();
  readonly #options: SilenceOptions;
  readonly #abort = () => this.#controller.abort(this.#options.signal!.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the last byte was received or sent; undefined while nobody waits. */
  #since: number | undefined;

  constructor(options: SilenceOptions) {
    this.#options = options;
    options.signal?.throwIfAborted();
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    this.#timer = setTimeout(this.#check, options.limitMs).unref();
  }

  /** Aborts the request. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Waits for a part of the response.
   *
   * @throws {Error} What it failed with; or the signal's reason, or `ETIMEDOUT` after silence.
   */
  async during<T>(part: Promise<T>): Promise<T> {
    this.#since = performance.now();
    try {
      return await part;
    } catch (error) {
      this.signal.throwIfAborted();
      throw error;
    } finally {
      this.#since = undefined;
    }
  }

  /** Notes that a byte was received or sent. */
  interrupt(): void {
    if (this.#since !== undefined) this.#since = performance.now();
  }

  /** Ends the limit, when the request is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener("abort", this.#abort);
  }

  readonly #check = (): void => {
    const { limitMs } = this.#options;
    const silentMs = this.#since === undefined ? 0 : performance.now() - this.#since;
    if (silentMs >= limitMs) {
      const seconds = limitMs / 1000;
      const error = new Error(`the server has been silent for ${seconds} s`);
      this.#controller.abort(Object.assign(error, { code: "ETIMEDOUT" }));
    } else {
      this.#timer = setTimeout(this.#check, Math.ceil(limitMs - silentMs)).unref();
    }
  };
}
