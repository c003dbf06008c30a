import type { HostStatus } from "../../../src/archiver/mod.ts";

/** How much more than its memory a process may have for a moment, in bytes: an answer of each shard. */
const SLACK = 3_000;

/** How many looks in a row memory may be full while nothing is uploaded. */
const LOOKS = 5;

/** Looks now and then whether one process keeps to its memory, while nothing but buckets is wrong. */
export class MemoryWatch {
  #full = 0;

  /**
   * Looks once.
   *
   * @returns What is wrong, if anything is.
   */
  look({ memory: { buffered, limit }, uploads }: HostStatus): string | undefined {
    if (buffered > limit + SLACK) return `it has ${buffered} bytes in memory, of ${limit}`;
    this.#full = buffered >= limit && uploads === 0 ? this.#full + 1 : 0;
    return this.#full < LOOKS ? undefined : "its memory stays full, and nothing is uploaded";
  }
}
