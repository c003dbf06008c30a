import { DatabaseSync } from "node:sqlite";
import { MemoryLedger } from "../../src/checkpoint/memory_ledger.ts";
import { openLedger, SqliteCheckpointer } from "../../src/checkpoint/mod.ts";
import type { SequenceNumber, ShardId } from "../../src/record.ts";
import { held } from "./held.ts";
import type { Scheduler } from "./scheduler.ts";
import { STREAM } from "./stream_driver.ts";
import type { OpenLedger } from "./world_ledger.ts";

/** The databases that a run can have. */
export const DATABASES = ["memory", "sqlite"] as const;

/** Names a database. */
export type DatabaseName = typeof DATABASES[number];

/** The database of a name. */
export function databaseOf(name: string): DatabaseName {
  const database = DATABASES.find((database) => database === name);
  if (database !== undefined) return database;
  throw new RangeError(`No database "${name}"; there are: ${DATABASES.join(", ")}`);
}

/** Opens empty databases, but for the checkpoints that an older Triton has left. */
export function openerOf(
  name: DatabaseName,
  checkpoints: ReadonlyMap<ShardId, SequenceNumber>,
  scheduler: Scheduler,
): OpenLedger {
  if (name === "memory") {
    return (clock) => Promise.resolve(new MemoryLedger(STREAM, { clock, checkpoints }));
  }
  return (clock) =>
    scheduler.hold(async () => {
      const database = new DatabaseSync(":memory:");
      const checkpointer = await SqliteCheckpointer.open(database, { client: "store" });
      if (checkpoints.size > 0) await checkpointer.save(STREAM, checkpoints);
      const ledger = await openLedger(database, { client: "store", stream: STREAM, clock });
      return held(ledger, scheduler);
    });
}
