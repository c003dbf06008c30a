import type { Mutant } from "../mutant.ts";

const WRITER = ["tests/stream/writer/stream_writer_test.ts"];
const READER = ["tests/stream/stream_reader_test.ts", "tests/stream/auto_checkpoint_test.ts"];

/** Wrong changes to the reader and the writer of live streams. */
export const STREAM_MUTANTS: readonly Mutant[] = [
  {
    breaks: "a child begins when its parent was yielded to the end, not when it was fetched",
    file: "src/stream/shard_queue.ts",
    find: "return this.#closed && this.#batches.length === 0;",
    replace: "return this.#closed;",
    tests: ["tests/stream/children_order_test.ts"],
  },
  {
    breaks: "a record's position is saved once the next one is requested, not when it is yielded",
    file: "src/stream/positions.ts",
    find: "    this.#current = { shardId, sequenceNumber };",
    replace: "    this.#finished.set(shardId, sequenceNumber);",
    tests: READER,
  },
  {
    breaks: "an aggregated record is done when the last record in it was yielded",
    file: "src/stream/stream_reader.ts",
    find: "if (isWhole) this.#positions.deliver(",
    replace: "if (isWhole || true) this.#positions.deliver(",
    tests: ["tests/stream/aggregated_records_test.ts"],
  },
  {
    breaks: "a save that failed is made again",
    file: "src/stream/positions.ts",
    find: "    for (const [shardId, number] of moved) this.#saved.set(shardId, number);\n  }",
    replace: "  }",
    tests: READER,
  },
  {
    breaks: "a shard that left the stream while it was read does not stop the others",
    file: "src/stream/shard_fetcher.ts",
    find: 'error.code !== "ResourceNotFoundException") throw error;',
    replace: 'error.code !== "NoSuchCode") throw error;',
    tests: READER,
  },
  {
    breaks: "idle reading ends only when the children of ended shards were read, too",
    file: "src/shards/all_shards.ts",
    find: "return this.waiting === 0 && this.#ended.isSubsetOf(this.#parents);",
    replace: "return this.waiting === 0;",
    tests: READER,
  },
  {
    breaks: "an expired iterator is renewed after the last record that was read",
    file: "src/kinesis/shard_iterator.ts",
    find: 'this.#position = { type: "after", sequenceNumber };',
    replace: 'this.#position = { type: "latest" };',
    tests: ["tests/kinesis/poll_shard_test.ts"],
  },
  {
    breaks: "a child is read after all of its parents, not after one of them",
    file: "src/shards/shard_tree.ts",
    find: 'return parents.every((parent) => (this.#states.get(parent) ?? "ended") === "ended");',
    replace:
      'return parents.length === 0 || parents.some((parent) => this.#states.get(parent) === "ended");',
    tests: ["tests/shards/shard_tree_test.ts", ...READER],
  },
  {
    breaks: "a shard that comes from one with a checkpoint begins with its oldest record",
    file: "src/shards/plan_shards.ts",
    find: 'if (type("after") || type("trim-horizon")) return { type: "trim-horizon" };',
    replace: 'if (type("trim-horizon")) return { type: "trim-horizon" };',
    tests: ["tests/shards/plan_shards_test.ts", ...READER],
  },
  {
    breaks: "a partly accepted request starts the pauses anew",
    file: "src/stream/writer/batch_sender.ts",
    find: "if (refusals.length < entries.length) retries.reset();",
    replace: "",
    tests: WRITER,
  },
  {
    breaks: "in order, a record waits for the refused one of its key",
    file: "src/stream/writer/batch_sender.ts",
    find: "const rest = this.#held.addFollowers(this.#rest);",
    replace: "const rest = this.#rest;",
    tests: WRITER,
  },
  {
    breaks: "a record counts as written once it was accepted",
    file: "src/stream/writer/batch_sender.ts",
    find: "this.written += accepted;",
    replace: "this.written += entries.length;",
    tests: WRITER,
  },
  {
    breaks: "a record that is refused for good ends the writer with its place",
    file: "src/stream/writer/batch_sender.ts",
    find: "if (permanent === undefined) return;",
    replace: "if (permanent === undefined || permanent.code !== undefined) return;",
    tests: WRITER,
    mayHang: true,
  },
  {
    breaks: "flush() waits for what is held back",
    file: "src/stream/writer/stream_writer.ts",
    find: "    await this.#sender.drain().catch((error) => this.#failure ??= { error });\n",
    replace: "",
    tests: WRITER,
  },
  {
    breaks: "batches are sent one after the other",
    file: "src/stream/writer/stream_writer.ts",
    find: "this.#sending = before.then(() => this.#putAll(batch));",
    replace: "this.#sending = this.#putAll(batch);",
    tests: WRITER,
  },
];
