import type { Mutant } from "../mutant.ts";

/** Wrong changes to the reader and writer of live streams. */
export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    breaks: "a child begins when its parent was yielded to the end, not when it was fetched",
    file: "src/stream/shard_queue.ts",
    find: "return this.#closed && this.#batches.length === 0;",
    replace: "return this.#closed;",
    tests: ["tests/stream/children_order_test.ts"],
  },
];
