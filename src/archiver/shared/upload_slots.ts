/** An upload, as far as its turn depends on it. */
export interface Upload {
  /** Identity of the bucket that it goes to, or of another object store. */
  readonly store: string;
  /** When the first record of its file came in, in milliseconds since the Unix epoch. */
  readonly openedAt: number;
  /** Called if it has to wait for a slot of a store whose last attempt failed: that may take long. */
  readonly onDelay?: (() => void) | undefined;
}

/** An upload that waits for a slot. */
interface Waiting extends Upload {
  readonly go: () => void;
}

/** How many slots a store gets whose last attempt failed: the others are for stores that work. */
const WHILE_FAILING = 2;

/**
 * Limits how many attempts to upload a file run at once in one process.
 *
 * A free slot goes to the oldest file, of a store that may have one more. An upload has no slot while
 * it pauses after a failed attempt.
 */
export class UploadSlots {
  #free: number;
  readonly #waiting = new Set<Waiting>();
  /** How many attempts to each store run. */
  readonly #running = new Map<string, number>();
  /** The stores whose last attempt failed. */
  readonly #failing = new Set<string>();

  /**
   * Creates slots, all of them free.
   *
   * @param count How many attempts may run at once.
   */
  constructor(count = 4) {
    this.#free = count;
  }

  /** How many attempts run now. */
  get running(): number {
    let sum = 0;
    for (const count of this.#running.values()) sum += count;
    return sum;
  }

  /** How many uploads wait for a slot. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Makes one attempt, once there is a slot for it.
   *
   * @returns What `attempt` returns.
   * @throws What `attempt` throws: the store then counts as failing.
   */
  async during<T>(upload: Upload, attempt: () => Promise<T>): Promise<T> {
    await this.#wait(upload);
    try {
      const result = await attempt();
      this.#failing.delete(upload.store);
      return result;
    } catch (error) {
      this.#noteFailing(upload.store);
      throw error;
    } finally {
      this.#end(upload);
    }
  }

  #wait(upload: Upload): Promise<void> {
    return new Promise((go) => {
      const waiting = { ...upload, go };
      this.#waiting.add(waiting);
      this.#fill();
      const { store, onDelay } = upload;
      if (this.#waiting.has(waiting) && this.#failing.has(store)) onDelay?.();
    });
  }

  #noteFailing(failing: string): void {
    this.#failing.add(failing);
    for (const { store, onDelay } of this.#waiting) if (store === failing) onDelay?.();
  }

  #end({ store }: Upload): void {
    this.#free++;
    const left = this.#runningTo(store) - 1;
    if (left > 0) this.#running.set(store, left);
    else this.#running.delete(store);
    this.#fill();
  }

  /** Gives the free slots to those that wait. */
  #fill(): void {
    while (this.#free > 0) {
      const next = this.#oldest();
      if (next === undefined) return;
      this.#waiting.delete(next);
      this.#free--;
      this.#running.set(next.store, this.#runningTo(next.store) + 1);
      next.go();
    }
  }

  /** The oldest upload that may have a slot. */
  #oldest(): Waiting | undefined {
    let oldest: Waiting | undefined;
    for (const waiting of this.#waiting) {
      const mayRun = !this.#failing.has(waiting.store) ||
        this.#runningTo(waiting.store) < WHILE_FAILING;
      if (mayRun && (oldest === undefined || waiting.openedAt < oldest.openedAt)) oldest = waiting;
    }
    return oldest;
  }

  #runningTo(store: string): number {
    return this.#running.get(store) ?? 0;
  }
}
