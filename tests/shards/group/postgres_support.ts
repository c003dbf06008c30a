/**
 * Groups in PostgreSQL, for tests.
 *
 * @module
 */

import postgres, { type Sql } from "postgres";
import { openCheckpointer } from "@triton/triton/checkpoint";
import { type GroupDatabase, openGroupDatabase } from "../../../src/shards/group/open_group.ts";
import { positions } from "../../checkpoint/contract.ts";
import { type GroupPlace, lease, LONG_MS } from "./support.ts";

export const OPTIONS = { client: "group", stream: "clicks", leaseMs: LONG_MS };

/** Creates the tables of the tests. */
export const EFFECT =
  "CREATE TABLE effect (at SERIAL PRIMARY KEY, name TEXT NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED)";

/** A database as a place for groups; with `isGiven` they get a pool that is open. */
export async function postgresPlace(
  url: string,
  { isGiven = false, prepare = true } = {},
): Promise<GroupPlace & AsyncDisposable & { readonly sql: Sql }> {
  const sql = postgres(url, { max: 4, prepare, onnotice: () => {} });
  await sql.unsafe(EFFECT);
  return {
    sql,
    open: (options) => openGroupDatabase(isGiven ? { sql } : url, { ...OPTIONS, ...options }),
    async save(checkpoints) {
      await using checkpointer = await openCheckpointer(url, { client: "group" });
      await checkpointer.save("clicks", positions(checkpoints));
    },
    write: (tx, name) => (tx as Sql)`INSERT INTO effect ${(tx as Sql)({ name })}`,
    async effects() {
      return (await sql`SELECT name FROM effect ORDER BY at`).map(({ name }) => name);
    },
    begin: () => begin(sql),
    [Symbol.asyncDispose]: () => sql.end(),
  };
}

/** Begins a transaction with the driver's `begin`, as users do. */
function begin(sql: Sql): ReturnType<GroupPlace["begin"]> {
  const begun = Promise.withResolvers<unknown>();
  const committed = Promise.withResolvers<void>();
  const ended = sql.begin((tx) => {
    begun.resolve(tx);
    return committed.promise;
  }).then(() => {});
  ended.catch(begun.reject);
  return begun.promise.then((tx) => ({
    tx,
    commit() {
      committed.resolve();
      return ended;
    },
  }));
}

/** Opens a group that has shard 0, leased to worker `a` under epoch 1. */
export async function openLeased(
  source: Parameters<typeof openGroupDatabase>[0],
  options: Partial<Parameters<typeof openGroupDatabase>[1]> = {},
): Promise<GroupDatabase> {
  const group = await openGroupDatabase(source, { ...OPTIONS, ...options });
  await lease(group.table, 1);
  return group;
}
