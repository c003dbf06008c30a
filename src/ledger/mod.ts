/**
 * What this room and checkpoint/ offer.
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
  LeaseTables,
  LedgerShard,
  MoveStoreOptions,
  NewShard,
  NewStart,
  Renewal,
  ShardPosition,
  TableKey,
  TableShard,
} from "./archive_ledger.ts";
export type { Checkpoint, Checkpointer } from "../checkpoint/checkpointer.ts";
export {
  MemoryCheckpointer,
  type MemoryCheckpointerOptions,
} from "../checkpoint/memory_checkpointer.ts";
export { MemoryLedger } from "./memory_ledger.ts";
export { MemoryLedgers } from "./many/memory_ledgers.ts";
export { openCheckpointer, type OpenCheckpointerOptions } from "../checkpoint/open_checkpointer.ts";
export type { ClientGroup, ReportedMember } from "./groups/read_groups.ts";
export type { GroupMember, GroupShard } from "../shards/group/group_table.ts";
export { openLedger, type OpenLedgerOptions } from "./open_ledger.ts";
export { openLedgers, type OpenLedgersOptions } from "./many/open_ledgers.ts";
export type { Ledgers } from "./many/ledgers.ts";
export {
  type ClientGap,
  type ClientMove,
  type ClientShard,
  type LedgerReport,
  readLedger,
  type ReadLedgerOptions,
} from "./read_ledger.ts";
export {
  type AcceptedGapRow,
  type AcceptedGapsOf,
  acceptGap,
  type GapDecision,
  type GapToAccept,
  readAcceptedGaps,
  withdrawGap,
} from "./accepted_gaps.ts";
export { readRecordedLedger, type RecordedLedger } from "./recorded_ledger.ts";
export { type ForgetOptions, forgetPositions, type ForgottenShard } from "./forget_positions.ts";
export { type MovedPosition, setPositions, type SetPositionsOptions } from "./set_positions.ts";
export type { SqliteDatabase, SqliteStatement } from "../sql/sqlite/driver.ts";
