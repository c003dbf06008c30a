import type { Mutant } from "../mutant.ts";

const ARCHIVERS = ["tests/archiver/shared/shared_archivers_test.ts"];
const MEMORY = ["tests/archiver/shared/shared_memory_test.ts"];
const SLOTS = ["tests/archiver/shared/upload_slots_test.ts"];

/** Mutants of what the archivers of a process share. */
export const SHARED_MUTANTS: readonly Mutant[] = [
  {
    breaks: "what was dropped from a closed file is read again",
    file: "src/archiver/files/archive_file.ts",
    find: '"previous" in file ? file.previous.get(shardId) : shard.archived',
    replace: "shard.archived",
    tests: ARCHIVERS,
  },
  {
    breaks: "what was dropped from memory is not known to be read",
    file: "src/archiver/shard_progress.ts",
    find: "    this.readUntil = Math.min(this.readUntil, firstArrival.getTime());\n",
    replace: "",
    tests: ARCHIVERS,
  },
  {
    breaks: "the reading of a shard of which records were dropped begins anew",
    file: "src/archiver/shard_progress.ts",
    find: "    this.caughtUp = false;\n    this.interrupt();\n",
    replace: "    this.caughtUp = false;\n",
    tests: ARCHIVERS,
    mayHang: true,
  },
  {
    breaks: "a shard does not end while records of it that were dropped are to be read again",
    file: "src/archiver/shard_archiver.ts",
    find: "shard.lease.signal.aborted || shard.interrupted.aborted",
    replace: "shard.lease.signal.aborted",
    tests: ARCHIVERS,
  },
  {
    breaks: "a file whose intent is written is not dropped",
    file: "src/archiver/files/archive_writer.ts",
    find: ".filter((file) => file !== this.#leaving)",
    replace: "",
    tests: ARCHIVERS,
    mayHang: true,
  },
  {
    breaks: "who waits for memory leaves its request to other streams",
    file: "src/archiver/shared/shared_memory.ts",
    find: "      if (this.#users.size > 1) return false;\n",
    replace: "",
    tests: ARCHIVERS,
    mayHang: true,
  },
  {
    breaks: "a stream that leaves frees its memory",
    file: "src/archiver/shared/shared_memory.ts",
    find: "    this.#users.delete(user);\n",
    replace: "",
    tests: MEMORY,
  },
  {
    breaks: "nobody waits for an upload that fails",
    file: "src/archiver/shared/shared_memory.ts",
    find: 'some(({ uploading }) => uploading === "well")',
    replace: 'some(({ uploading }) => uploading !== "nothing")',
    tests: MEMORY,
  },
  {
    breaks: "a stream whose uploads fail reads on once one succeeds, not before",
    file: "src/archiver/shared/shared_memory.ts",
    find: "    if (this.#restricted.has(user)) return false;\n",
    replace: "",
    tests: MEMORY,
  },
  {
    breaks: "the largest open file is closed",
    file: "src/archiver/shared/shared_memory.ts",
    find: "open(b) > open(a)",
    replace: "open(b) < open(a)",
    tests: MEMORY,
  },
  {
    breaks: "nobody waits for an upload that waits for a store that fails",
    file: "src/archiver/files/file_archiver.ts",
    find: "const onDelay = () => noteFailing(true);",
    replace: "const onDelay = () => {};",
    tests: ARCHIVERS,
  },
  {
    breaks: "a store that fails gets two slots at most",
    file: "src/archiver/shared/upload_slots.ts",
    find: "const WHILE_FAILING = 2;",
    replace: "const WHILE_FAILING = 3;",
    tests: SLOTS,
  },
  {
    breaks: "the oldest file is uploaded first",
    file: "src/archiver/shared/upload_slots.ts",
    find: "waiting.openedAt < oldest.openedAt",
    replace: "waiting.openedAt > oldest.openedAt",
    tests: SLOTS,
  },
  {
    breaks: "a turn goes to who has the fewest",
    file: "src/kinesis/turns.ts",
    find: "this.#takenBy(waiting.of) < this.#takenBy(next.of)",
    replace: "false",
    tests: ["tests/kinesis/turns_test.ts"],
  },
  {
    breaks: "streams that Kinesis does not respond for leave half of the turns to others",
    file: "src/kinesis/turns.ts",
    find: "return taken < this.#silentLimit;",
    replace: "return true;",
    tests: ["tests/kinesis/turns_test.ts"],
  },
];
