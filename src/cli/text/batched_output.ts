import { setImmediate } from "node:timers";
import type { Output } from "../cli_context.ts";

/** Size of the largest batch, in bytes; what is longer is written on its own. */
const BATCH_BYTES = 1 << 18;

/**
 * Writes text that comes in small pieces in few writes, and without delay: a batch is what comes
 * without a wait for anything. While one is written, the next is collected.
 *
 * A write for each event took several times as long as everything else.
 */
export class BatchedOutput {
  readonly #output: Output;
  readonly #failed = new AbortController();
  readonly #encoder = new TextEncoder();
  /** The batch that is collected, and the one that is written. */
  #batches = [new Uint8Array(1 << 12), new Uint8Array(1 << 12)] as [Uint8Array, Uint8Array];
  #length = 0;
  #isDue = false;
  #writing: Promise<void> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Aborted when a write has failed: nothing more can be written. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /**
   * Adds a piece. It is copied, or must not change until the result is resolved.
   *
   * @returns When the next piece may be added, if that is not at once.
   * @throws What a write has failed with.
   */
  write(piece: Uint8Array | string): Promise<void> | undefined {
    this.#failed.signal.throwIfAborted();
    const bytes = typeof piece === "string" ? this.#encoder.encode(piece) : piece;
    if (this.#length + bytes.length > BATCH_BYTES) return this.#writeLong(bytes);
    this.#add(bytes);
    if (this.#isDue) return undefined;
    this.#isDue = true;
    setImmediate(() => void this.#send().catch(() => {}));
    return undefined;
  }

  /**
   * Writes what is left.
   *
   * @throws What a write has failed with.
   */
  async end(): Promise<void> {
    await this.#send();
    await this.#writing;
    this.#failed.signal.throwIfAborted();
  }

  async #writeLong(bytes: Uint8Array): Promise<void> {
    await this.#send();
    if (bytes.length <= BATCH_BYTES) return await this.write(bytes);
    while (this.#writing !== undefined) await this.#writing;
    this.#writing = this.#write(bytes);
    await this.#writing;
  }

  #add(bytes: Uint8Array): void {
    const [batch] = this.#batches;
    const length = this.#length + bytes.length;
    if (length > batch.length) {
      this.#batches[0] = new Uint8Array(Math.min(BATCH_BYTES, Math.max(length, 2 * batch.length)));
      this.#batches[0].set(batch.subarray(0, this.#length));
    }
    this.#batches[0].set(bytes, this.#length);
    this.#length = length;
  }

  /** Begins to write the batch, once the one before is written. */
  async #send(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    this.#failed.signal.throwIfAborted();
    this.#isDue = false;
    if (this.#length === 0) return;
    const [batch, other] = this.#batches;
    this.#writing = this.#write(batch.subarray(0, this.#length));
    this.#batches = [other, batch];
    this.#length = 0;
  }

  async #write(batch: Uint8Array): Promise<void> {
    try {
      await this.#output.write(batch);
    } catch (error) {
      this.#failed.abort(error);
    }
    this.#writing = undefined;
  }
}
