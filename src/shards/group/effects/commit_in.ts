/**
 * Moves a position in a transaction of the user's, whatever runs it.
 *
 * @module
 */

import { refusedError } from "../group_errors.ts";
import type { GroupFence } from "../group_table.ts";
import {
  type FencePlace,
  fenceText,
  probeText,
  type Refusal,
  refusalOf,
  setMark,
  type TransactionMark,
} from "../sql/fence.ts";
import { markSession } from "../sql/session_names.ts";

/** Runs the text of one statement. */
type Execute = (text: string) => PromiseLike<unknown>;

/** What is used of the drivers and ORMs that are known. */
interface Executor {
  /** npm:postgres. */
  unsafe?(text: string): PromiseLike<unknown>;
  /** kysely. */
  executeQuery?(query: unknown): PromiseLike<unknown>;
  /** drizzle-orm. */
  execute?(text: string): PromiseLike<unknown>;
  /** node-postgres, PGlite, and what looks like them. */
  query?(text: string): PromiseLike<unknown>;
}

const WHY: Readonly<Record<Refusal, (shardId: string) => string>> = {
  lost: (shardId) =>
    `another member has shard ${shardId}, its position was moved, or this is not the database of the group`,
  over: () =>
    "this is no transaction, or it is over: call it within one, as the last call before its commit",
  savepoint: () =>
    "this is a savepoint, whose effects can be undone while the rest is committed: call it in the " +
    "transaction itself, and release savepoints before (npm:postgres leaves each open, and drizzle-orm " +
    "those that were undone)",
};

/** Moves a position in a transaction of PostgreSQL; refuses where that is not certain to be one. */
export async function commitInPostgres(
  tx: unknown,
  place: FencePlace & { readonly leaseMs: number },
  fence: GroupFence,
): Promise<void> {
  const execute = executorOf(tx);
  const probe = crypto.randomUUID();
  const mark: TransactionMark = { setting: "triton.commit", value: probe };
  // From here on a session that hangs would hold up the shard.
  const marks = markSession({ ...place, shardId: fence.shardId }, fence.epoch, place.leaseMs);
  try {
    await execute(`SELECT ${[setMark(mark), ...marks].join(", ")}`);
    await execute(probeText(place, probe, mark));
    await execute(fenceText(place, fence, mark, probe));
  } catch (error) {
    const refusal = refusalOf(error);
    throw refusal === undefined ? error : refusedError(WHY[refusal](fence.shardId), error);
  }
}

/** How a transaction runs a statement. */
function executorOf(tx: unknown): Execute {
  const executor = tx as Executor | Execute | null | undefined;
  if (typeof executor === "function" && !("unsafe" in executor)) return executor;
  const { unsafe, executeQuery, execute, query } = (executor ?? {}) as Executor;
  if (unsafe) return (text) => unsafe.call(tx, text);
  if (executeQuery) return (text) => executeQuery.call(tx, rawQuery(text));
  if (execute) return (text) => execute.call(tx, text);
  if (query) return (text) => query.call(tx, text);
  throw new TypeError(
    "Cannot commit in this transaction: pass one of npm:postgres, drizzle-orm, kysely or node-postgres, " +
      "or a function that runs the text of a statement in it",
  );
}

/** A text as kysely has compiled queries. */
function rawQuery(sql: string): object {
  const query = { kind: "RawNode", sqlFragments: [sql], parameters: [] };
  return { sql, parameters: [], query, queryId: { queryId: crypto.randomUUID() } };
}
