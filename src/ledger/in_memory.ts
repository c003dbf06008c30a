/**
 * What this room and checkpoint/ offer for tests: no database driver is loaded.
 *
 * @module
 */

export {
  MemoryCheckpointer,
  type MemoryCheckpointerOptions,
} from "../checkpoint/memory_checkpointer.ts";
export { MemoryLedger } from "./memory_ledger.ts";
export { MemoryLedgers } from "./many/memory_ledgers.ts";
