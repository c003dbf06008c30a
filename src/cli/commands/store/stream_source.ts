import type { StreamJob } from "../../options/stream_jobs.ts";

/** Says which streams to archive. */
export interface StreamSource {
  /**
   * The streams to archive at the start.
   *
   * @throws {TritonError} If that cannot be said, or the signal's reason.
   */
  first(signal: AbortSignal): Promise<readonly StreamJob[]>;
  /** Yields all streams to archive, each time when that may have changed, until the signal is aborted. */
  later(signal: AbortSignal): AsyncIterable<readonly StreamJob[]>;
  /** Reports that the last ones cannot be archived, so that the streams before them still are. */
  refuse(error: unknown): void;
}

/** Streams that stay the same. */
export function fixedStreams(jobs: readonly StreamJob[]): StreamSource {
  return {
    first: () => Promise.resolve(jobs),
    async *later() {},
    refuse(error) {
      throw error;
    },
  };
}
