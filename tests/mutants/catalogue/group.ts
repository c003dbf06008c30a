import type { Mutant } from "../mutant.ts";

const LOOP = ["tests/stream/group/loop_test.ts"];
const BATCHES = ["tests/stream/group/batches_test.ts"];
const RUN = ["tests/stream/group/run_test.ts"];
const ALL = ["tests/stream/group/group_property_test.ts"];

/** Wrong changes to consumer groups. */
export const GROUP_MUTANTS: readonly Mutant[] = [
  {
    breaks: "a member that may have lost its leases renews them before it yields anything",
    file: "src/stream/group/loop.ts",
    find: "if (!member.isFreshAt(now)) await member.refresh();",
    replace: "",
    tests: LOOP,
  },
  {
    breaks: "the record at which a loop is left is not processed",
    file: "src/stream/group/loop.ts",
    find:
      "            yield record;\n            current = undefined;\n          }\n          if (isWhole) shard",
    replace:
      "            if (isWhole) shard.advance(next.sequenceNumber);\n            yield record;\n            current = undefined;\n          }\n          if (isWhole) shard",
    tests: LOOP,
  },
  {
    breaks: "a shard that is handed over waits for its handler",
    file: "src/stream/group/membership.ts",
    find: "    await whenIdle(shard, limit.signal);\n",
    replace: "",
    tests: LOOP,
  },
  {
    breaks: "a shard that is handed over saves its position",
    file: "src/stream/group/membership.ts",
    find: "    await this.#saveLast(shard, limit.signal);\n",
    replace: "",
    tests: LOOP,
  },
  {
    breaks: "a shard ends after its last record is processed, not when it was read",
    file: "src/stream/group/held_shard.ts",
    find: "return this.queue.isDrained && this.isIdle && this.#taken === this.#processed;",
    replace: "return this.queue.isDrained && this.isIdle;",
    tests: ALL,
  },
  {
    breaks: "a shard that is empty ends, too",
    file: "src/stream/group/membership.ts",
    find: "    shard.changed.notify(); // it may have ended with nothing left to process\n",
    replace: "",
    tests: ALL,
  },
  {
    breaks: "a member whose handler hangs leaves the group",
    file: "src/stream/group/membership.ts",
    find: "now - busySince > stallMs\n",
    replace: "now - busySince > Infinity\n",
    tests: LOOP,
  },
  {
    breaks: "a database that has forgotten a commit is noticed without new records",
    file: "src/stream/group/membership.ts",
    find: "row.position !== shard.saved;",
    replace: "false;",
    tests: BATCHES,
  },
  {
    breaks: "a position behind the table's is taken for forgotten only if it is so twice",
    file: "src/stream/group/held_shard.ts",
    find: "return round >= before.round + 2;",
    replace: "return true;",
    tests: ["tests/stream/group/held_shard_test.ts"],
  },
  {
    breaks: "a batch ends where a Kinesis record ends",
    file: "src/stream/group/record_reader.ts",
    find: "        if (!isWhole) continue;\n",
    replace: "",
    tests: BATCHES,
  },
  {
    breaks: "what commitIn has committed is not saved again",
    file: "src/stream/group/run_batches.ts",
    find: "if (commit.isUsed) return await this.#findOut(batch, shard, member, failure);",
    replace: "",
    tests: BATCHES,
  },
  {
    breaks: "failures that may pass are not counted as poison",
    file: "src/stream/group/try_hard.ts",
    find: "if (!isPassing(error) && failures++ >= retries)",
    replace: "if (failures++ >= retries)",
    tests: BATCHES,
  },
  {
    breaks: "a failure in a savepoint that may pass starts the whole transaction again",
    file: "src/stream/group/transact.ts",
    find: "if (isPassing(error) || error instanceof",
    replace: "if (error instanceof",
    tests: BATCHES,
  },
  {
    breaks: "a promise of a handler for SQLite is no poison, and nothing is skipped",
    file: "src/stream/group/transact.ts",
    find: "error instanceof MisuseError || ",
    replace: "",
    tests: ["tests/stream/group/open_group_test.ts"],
  },
  {
    breaks: "run() keeps the order of each key",
    file: "src/stream/group/run_in_order.ts",
    find: "(keys.get(partitionKey) ?? Promise.resolve())",
    replace: "Promise.resolve()",
    tests: RUN,
  },
  {
    breaks: "run() saves the last record up to which all are processed",
    file: "src/stream/group/run_in_order.ts",
    find: "if (this.#records[this.#done] === entry) this.#move();",
    replace: "this.#shard.advance(sequenceNumber);",
    tests: RUN,
  },
  {
    breaks: "run() reads no more than maxAhead records beyond one in process",
    file: "src/stream/group/run_in_order.ts",
    find: "await mark.room(maxAhead);",
    replace: "",
    tests: RUN,
  },
];
