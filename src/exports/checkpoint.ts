/**
 * Saves the position of each client in each shard in PostgreSQL, SQLite or memory.
 *
 * {@linkcode openCheckpointer} opens a database by its URL, or uses one that is already open.
 * {@linkcode MemoryCheckpointer} is for tests.
 *
 * @example Resuming where the last run stopped
 * ```ts
 * import { openCheckpointer } from "@triton/triton/checkpoint";
 * import type { SequenceNumber, ShardId } from "@triton/triton";
 * import { deepEqual } from "node:assert/strict";
 *
 * await using checkpointer = await openCheckpointer("sqlite::memory:", { client: "billing" });
 * const shard = "shardId-000000000000" as ShardId;
 * const last = await checkpointer.load("user_activity_prod", shard);
 * const handled = last === undefined ? "1" : "2"; // continues after `last`, or starts from the beginning
 * await checkpointer.save("user_activity_prod", new Map([[shard, handled as SequenceNumber]]));
 *
 * const saved = await checkpointer.list("user_activity_prod");
 * deepEqual(saved.map((checkpoint) => checkpoint.sequenceNumber), ["1"]);
 * ```
 *
 * @module
 */

export * from "../ledger/mod.ts";
