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

export {
  CheckpointError,
  ServiceError,
  type ServiceErrorOptions,
  TritonError,
} from "../base/errors.ts";
export type { SequenceNumber, ShardId, StartPosition } from "../base/record.ts";
export type { Clock } from "../base/clock.ts";
export type {
  ArchivedPosition,
  ArchiveIntent,
  ArchiveLedger,
  ArchiveMove,
  Gap,
  IntendedRange,
  LeaseTable,
  LedgerShard,
  MoveStoreOptions,
  NewShard,
  NewStart,
  Renewal,
  ShardPosition,
  TableShard,
} from "../ledger/archive_ledger.ts";
export type { Checkpoint, Checkpointer } from "../checkpoint/checkpointer.ts";
export {
  MemoryCheckpointer,
  type MemoryCheckpointerOptions,
} from "../checkpoint/memory_checkpointer.ts";
export { MemoryLedger } from "../ledger/memory_ledger.ts";
export { openCheckpointer, type OpenCheckpointerOptions } from "../checkpoint/open_checkpointer.ts";
export { openLedger, type OpenLedgerOptions } from "../ledger/open_ledger.ts";
export {
  type ClientGap,
  type ClientMove,
  type ClientShard,
  type LedgerReport,
  readLedger,
  type ReadLedgerOptions,
} from "../ledger/read_ledger.ts";
export { readRecordedLedger, type RecordedLedger } from "../ledger/recorded_ledger.ts";
export {
  type ForgetOptions,
  forgetPositions,
  type ForgottenShard,
} from "../ledger/forget_positions.ts";
export {
  type MovedPosition,
  setPositions,
  type SetPositionsOptions,
} from "../ledger/set_positions.ts";
export type { SqliteDatabase, SqliteStatement } from "../sql/sqlite/driver.ts";
