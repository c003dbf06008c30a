/**
 * What every ledger promises, as a list of tests, and the databases that keep the promises.
 *
 * @module
 */

import { openCheckpointer, openLedger, type SqliteDatabase } from "@triton/triton/checkpoint";
import { positions } from "../checkpoint/contract.ts";
import { INTENTS } from "./contract_intents.ts";
import { LEASES } from "./contract_leases.ts";
import { MOVES } from "./contract_positions.ts";
import { STORES } from "./contract_stores.ts";
import type { LedgerPlace, LedgerTest } from "./support.ts";

export const LEDGER_CONTRACT: readonly LedgerTest[] = [...LEASES, ...INTENTS, ...MOVES, ...STORES];

/** A database as a place for ledgers. */
export function placeIn(database: string | SqliteDatabase): LedgerPlace {
  return {
    open: (options = {}) => openLedger(database, { client: "store", stream: "clicks", ...options }),
    async save(checkpoints) {
      await using checkpointer = await openCheckpointer(database, { client: "store" });
      await checkpointer.save("clicks", positions(checkpoints));
    },
    pass: () => Promise.resolve(), // the database's own clock goes on by itself
  };
}
