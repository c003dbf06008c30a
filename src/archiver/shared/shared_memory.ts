import { Notifier } from "../../base/notifier.ts";

/** A stream's records that are not archived yet, as {@linkcode SharedMemory} sees them. */
export interface MemoryUser {
  /** What they take, in bytes. */
  readonly buffered: number;
  /** What of it is in the file that is being filled, in bytes. */
  readonly open: number;
  /** Whether closed files are on their way to the archive, and whether they fail. */
  readonly uploading: "nothing" | "well" | "failing";
  /** Closes the file that is being filled, so that it can be uploaded. */
  closeOpen(): void;
  /**
   * Drops the newest records, which are read again later, until the others take at most this, in
   * bytes. A file that is being uploaded stays.
   */
  keep(bytes: number): void;
}

/** What an answer under way takes, in bytes: buffers of its connection, and the piece that is parsed. */
const ANSWER_BYTES = 2 ** 20;

/** What each further stream takes besides its records, in KiB: the unused end of a buffer, and objects. */
const STREAM_KIB = 1024;

/** No stream is counted as more than this part of the memory. */
const LARGEST_STREAM = 1 / 48;

/** A stream that has more than its share leaves this part of the memory to the others. */
const LEFT_TO_OTHERS = 1 / 8;

/** No more files are closed if this part of the memory will be free after the uploads. */
const ENOUGH = 1 / 4;

/** Options for {@linkcode SharedMemory}. */
export interface SharedMemoryOptions {
  /** How much records that are not archived yet, and answers under way, may take, in bytes. Default:
   * 96 MiB. */
  readonly maxMemory?: number | undefined;
  /** How many answers are under way at once. Default: 8. */
  readonly requests?: number | undefined;
}

/**
 * The memory that the streams of one process share.
 *
 * It counts answers under way, files that are being filled, and closed files until they are archived.
 * Whoever reads a stream waits while all of it is taken. Nobody waits in a circle:
 *
 * - Whoever needs memory closes the largest file that is being filled, whosever it is. If there is
 *   none, it waits for an upload. If none is on its way either, it may go on.
 * - An upload that fails frees nothing soon, so nobody else waits for it. When others need memory, a
 *   stream whose uploads fail keeps no more than its share, and reads on once an upload succeeds.
 * - An upload that waits for a slot of a store that fails counts as one that fails: a store that does
 *   not respond takes a minute for each attempt.
 */
export class SharedMemory {
  /** How much there is, in bytes. */
  readonly limit: number;
  readonly #answerBytes: number;
  /** What all answers take together. */
  readonly #answersBytes: number;
  readonly #streamBytes: number;
  readonly #users = new Set<MemoryUser>();
  /** The streams that dropped records: what they would read now would have to be dropped again. */
  readonly #restricted = new Set<MemoryUser>();
  readonly #changed = new Notifier();
  #answers = 0;

  /** Creates memory that nobody uses yet. */
  constructor({ maxMemory = 96 * 2 ** 20, requests = 8 }: SharedMemoryOptions = {}) {
    this.limit = maxMemory;
    // Answers must not fill a small memory.
    this.#answerBytes = Math.min(ANSWER_BYTES, maxMemory / 4 / requests);
    // They are not counted one by one to see whether memory is full: what a reader sees before its
    // request must still be true when the answer is there, or it would ask again and again.
    this.#answersBytes = this.#answerBytes * requests;
    this.#streamBytes = 1024 * Math.min(STREAM_KIB, Math.floor(maxMemory / 1024 * LARGEST_STREAM));
  }

  /** How much of it is for files, in bytes; the rest is for answers under way, and for each stream. */
  get forFiles(): number {
    if (!Number.isFinite(this.limit)) return this.limit;
    const forStreams = this.#streamBytes * Math.max(0, this.#users.size - 1);
    return this.limit - this.#answersBytes - Math.min(forStreams, this.limit / 2);
  }

  /** How many streams use it. */
  get streams(): number {
    return this.#users.size;
  }

  /** What is taken of it, in bytes. */
  get buffered(): number {
    return this.#files + this.#answers * this.#answerBytes;
  }

  get #files(): number {
    let bytes = 0;
    for (const user of this.#users) bytes += user.buffered;
    return bytes;
  }

  /** Adds a stream. */
  join(user: MemoryUser): void {
    this.#users.add(user);
    this.notify(); // whoever waits alone no longer is
  }

  /** Removes a stream, which has freed its memory. */
  leave(user: MemoryUser): void {
    this.#users.delete(user);
    this.#restricted.delete(user);
    this.notify();
  }

  /** Counts an answer, from before its request is sent until it is disposed. */
  answer(): Disposable {
    this.#answers++;
    return { [Symbol.dispose]: () => void this.#answers-- };
  }

  /** Notes that memory was freed, or that an upload began to fail or no longer does. */
  notify(): void {
    this.#changed.notify();
  }

  /** Notes that a file of a stream is in the archive. */
  archived(user: MemoryUser): void {
    this.#restricted.delete(user);
    this.notify();
  }

  /** Waits until a stream may read more. */
  async room(user: MemoryUser, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.admits(user)) await this.#changed.wait(signal);
  }

  /**
   * Waits until the only stream may read more, or another one comes.
   *
   * @returns Whether it may.
   */
  async roomAlone(user: MemoryUser, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted && !this.admits(user)) {
      if (this.#users.size > 1) return false;
      await this.#changed.wait(signal);
    }
    return true;
  }

  /** Whether a stream may read more; if not, this sees to it that it soon may. */
  admits(user: MemoryUser): boolean {
    if (this.#restricted.has(user)) return false;
    if (this.#files < this.#limitOf(user)) return true;
    const isFailing = user.uploading === "failing";
    if (isFailing && user.buffered > this.#share) return false;
    this.#restrictFailing();
    if (this.#files < this.#limitOf(user)) return true;
    if (isFailing) return false;
    this.#closeLargest();
    return ![...this.#users].some(({ uploading }) => uploading === "well");
  }

  get #share(): number {
    return this.forFiles / this.#users.size;
  }

  #limitOf(user: MemoryUser): number {
    return user.buffered > this.#share ? this.forFiles * (1 - LEFT_TO_OTHERS) : this.forFiles;
  }

  /** Has the streams whose uploads fail keep only their shares. */
  #restrictFailing(): void {
    if (this.#users.size === 1) return; // nobody else needs it
    const share = this.#share;
    for (const user of this.#users) {
      if (user.uploading !== "failing" || user.buffered <= share) continue;
      this.#restricted.add(user);
      user.keep(share);
    }
  }

  /** Closes the largest file that is being filled, unless enough is on its way to the archive. */
  #closeLargest(): void {
    const others = [...this.#users].filter(({ uploading }) => uploading !== "failing");
    const leaving = others.reduce((sum, { buffered, open }) => sum + buffered - open, 0);
    if (this.#files - leaving < this.forFiles * (1 - ENOUGH)) return;
    const open = (user: MemoryUser) => user.open;
    const largest = others.reduce((a, b) => open(b) > open(a) ? b : a, others[0]!);
    if (largest !== undefined && largest.open > 0) largest.closeOpen();
  }
}
