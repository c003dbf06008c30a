import type { Mutant } from "../mutant.ts";

/** Wrong changes to the archiver: leases, files, intents, recovery. */
export const ARCHIVER_MUTANTS: readonly Mutant[] = [
  {
    breaks: "the records of a shard that the ledger refused are left out of the file",
    file: "src/archiver/archive_writer.ts",
    find: "      file.builder.removeShard(shardId);\n      this.#options.onLost(lease);",
    replace: "      this.#options.onLost(lease);",
    tests: ["tests/archiver/refused_shard_test.ts"],
  },
  {
    breaks: "the last answer of a closed shard says nothing of when its children began",
    file: "src/archiver/shard_archiver.ts",
    find: "batch.nextIterator === undefined ? -Infinity : askedAt",
    replace: "askedAt",
    tests: ["tests/archiver/known_at_test.ts"],
  },
  {
    breaks: "what is known of a shard is as of the request, not of the answer",
    file: "src/archiver/shard_archiver.ts",
    find: "batch.nextIterator === undefined ? -Infinity : askedAt",
    replace: "batch.nextIterator === undefined ? -Infinity : clock.now()",
    tests: ["tests/archiver/known_at_test.ts"],
  },
];
