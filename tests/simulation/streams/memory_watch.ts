import type { ArchiverOptions, HostOptions, HostStatus } from "../../../src/archiver/mod.ts";
import { STREAMS } from "./streams_scenario.ts";

/** How much more than its memory a process may have for a moment, in bytes: an answer of each shard. */
const SLACK = 3_000;

/** How much more than its share, or than one file, a stream may keep, in bytes: an answer or two. */
const ANSWERS = 1_500;

/** How many looks in a row memory may be full while nothing is uploaded. */
const LOOKS = 5;

/** Looks every second whether one process keeps to its memory, while nothing but buckets is wrong. */
export class MemoryWatch {
  /** The size of a full file, in bytes. */
  readonly #fileSize: number;
  #full = 0;
  /** The streams that keep no more than their share, because others needed memory. */
  readonly #restricted = new Set<string>();

  constructor({ maxMemory = Infinity }: HostOptions, { maxSize = Infinity }: ArchiverOptions) {
    this.#fileSize = Math.min(maxSize, maxMemory / 2);
  }

  /**
   * Looks once.
   *
   * @param failing The streams whose buckets answer nothing.
   * @returns What is wrong, if anything is.
   */
  look({ memory, uploads, streams }: HostStatus, failing: ReadonlySet<string>): string | undefined {
    const { buffered, limit } = memory;
    if (buffered > limit + SLACK) return `it has ${buffered} bytes in memory, of ${limit}`;
    const isFull = buffered >= limit;
    this.#full = isFull && uploads === 0 ? this.#full + 1 : 0;
    if (this.#full >= LOOKS) return `its memory stays full, and nothing is uploaded`;
    // A file that is being uploaded stays, whatever its size.
    const most = Math.max(limit / STREAMS, this.#fileSize) + ANSWERS;
    for (const { stream, archiver } of streams) {
      const kept = archiver?.memory.buffered ?? 0;
      if (!failing.has(stream)) this.#restricted.delete(stream);
      else if (this.#restricted.has(stream) && kept > most) {
        return `${stream} keeps ${kept} of ${limit} bytes, although others need them`;
      } else if (isFull) this.#restricted.add(stream);
    }
    return undefined;
  }
}
