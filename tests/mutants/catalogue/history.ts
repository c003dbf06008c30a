import type { Mutant } from "../mutant.ts";

const TESTS = ["tests/history"];

/** Wrong changes to reading the archive and then the live stream as one. */
export const HISTORY_MUTANTS: readonly Mutant[] = [
  {
    breaks: "a file waits for the files that it follows on",
    file: "src/history/history_progress.ts",
    find: "return compareSequenceNumbers(previous ?? first, done.last) > 0;",
    replace: "return compareSequenceNumbers(first, done.last) < 0;",
    tests: TESTS,
  },
  {
    breaks: "a file whose shard nothing is known of waits for the shard's first file",
    file: "src/history/history_progress.ts",
    find: "if (done === undefined) return previous !== undefined;",
    replace: "if (done === undefined) return false;",
    tests: TESTS,
  },
  {
    breaks: "what follows a checkpoint is wanted, however old it is",
    file: "src/history/history_progress.ts",
    find: "return this.#checkpoints.has(shardId) || lastArrival >= this.#from;",
    replace: "return lastArrival >= this.#from;",
    tests: TESTS,
  },
  {
    breaks: "a file that repeats records of another is refused",
    file: "src/history/history_progress.ts",
    find: "if (done === undefined || compareSequenceNumbers(first, done.last) > 0) continue;",
    replace: "if (done === undefined || first !== undefined) continue;",
    tests: TESTS,
  },
  {
    breaks: "the archive is looked at again before reading goes live",
    file: "src/history/archive_part.ts",
    find: "for (let files = await this.#plan(); files.length > 0; files = await this.#plan()) {",
    replace: "for (let files = await this.#plan(); files.length > 0; files = []) {",
    tests: TESTS,
  },
  {
    breaks: "a missing file is a gap, and not passed over silently",
    file: "src/history/archive_part.ts",
    find: "if (after !== undefined) {",
    replace: "if (after === undefined && previous === first) {",
    tests: TESTS,
  },
  {
    breaks: "live reading begins after the last archived record of a shard",
    file: "src/history/live_part.ts",
    find:
      'return sequenceNumber === undefined ? [] : [[id, { type: "after", sequenceNumber }] as const];',
    replace: 'return sequenceNumber === undefined ? [] : [[id, "latest"] as const];',
    tests: TESTS,
  },
  {
    breaks: "a stream that has dropped what follows the archive's end is a gap",
    file: "src/history/live_part.ts",
    find: "if (until.getTime() >= horizon) return [];",
    replace: "if (until.getTime() >= horizon || horizon > 0) return [];",
    tests: TESTS,
  },
  {
    breaks: "a position in the archive is saved when its file was read, not before",
    file: "src/history/archive_part.ts",
    find:
      "        this.progress.pass(file);\n        this.#unread!.delete(file);\n        await onFile(place.index);",
    replace:
      "        await onFile(place.index);\n        this.progress.pass(file);\n        this.#unread!.delete(file);",
    tests: TESTS,
  },
  {
    breaks: "a history goes live with the archive's end, not with older checkpoints",
    file: "src/history/live_part.ts",
    find: "checkpointer: checkpointer && startingAfresh(checkpointer),",
    replace: "checkpointer,",
    tests: TESTS,
  },
];
