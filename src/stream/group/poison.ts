/**
 * Records that no handler can process.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { EventData } from "../../base/record.ts";
import type { GroupBatch } from "./batch.ts";

const log = getLogger(["triton", "group"]);

/**
 * What happens to records for which the handler still throws after all retries:
 *
 * - `"stop"`: the group stops with the handler's error, at these records;
 * - `"skip"`: they are skipped, counted in the status, and logged as an error;
 * - a callback receives the error and the records, to put them somewhere else; when it returns, they
 *   count as processed. In `transact` it also receives the transaction, in which what it writes is
 *   committed.
 */
export type OnPoison<T = EventData, Tx = unknown> =
  | "stop"
  | "skip"
  | ((error: unknown, batch: GroupBatch<T>, tx?: Tx) => unknown);

/** Handles poison as the user chose, and counts what is skipped. */
export class PoisonHandler<T> {
  /** How many records were skipped. */
  skipped = 0;
  readonly #onPoison: OnPoison<T>;

  constructor(onPoison: OnPoison<T> = "stop") {
    this.#onPoison = onPoison;
  }

  /**
   * Handles poison.
   *
   * @returns What the user's callback returns: a promise, unless it is synchronous.
   * @throws The handler's error, if the group is to stop.
   */
  handle(
    error: unknown,
    batch: GroupBatch<T>,
    { tx, onPoison = this.#onPoison }: { tx?: unknown; onPoison?: OnPoison<T> | undefined } = {},
  ): unknown {
    const { shardId, records } = batch;
    log.error(
      "The handler fails for {records} records of {shardId} from {sequenceNumber} on: {reason}",
      {
        event: "group.poison",
        shardId,
        sequenceNumber: records[0]!.sequenceNumber,
        records: records.length,
        reason: error instanceof Error ? error.message : String(error),
        action: typeof onPoison === "string" ? onPoison : "callback",
      },
    );
    if (onPoison === "stop") throw error;
    if (onPoison !== "skip") return onPoison(error, batch, tx);
    this.skipped += records.length;
    return undefined;
  }
}
