/**
 * What handlers get for npm:postgres: its driver on one session, within one transaction.
 *
 * @module
 */

import type { Sql, TransactionSql } from "postgres";

/** A query of the driver: it is sent when it is first waited for. */
interface DriverQuery extends Promise<unknown> {
  handler: (query: DriverQuery) => unknown;
  reject(error: unknown): void;
}

/** A transaction, or a part of it under a savepoint. */
export interface TransactionScope {
  /** The driver within it. */
  readonly tx: TransactionSql;
  /** The first statement that failed, even if the handler went on. */
  readonly failure: unknown;
  /** Refuses statements from now on. */
  close(): void;
}

/** What a transaction does not have, since it would end it, or leave its connection. */
const MISSING: ReadonlySet<PropertyKey> = new Set([
  ...["begin", "close", "end", "largeObject", "listen", "prepare", "reserve", "subscribe"],
]);

/** Counts the savepoints of a transaction. */
interface Count {
  savepoints: number;
}

/**
 * Opens a scope on a driver that has one session and has begun a transaction.
 *
 * @param sql The driver.
 * @param count Shared by the scopes of one transaction.
 */
export function openScope(sql: Sql, count: Count = { savepoints: 0 }): TransactionScope {
  let isOver = false;
  const scope = {
    failure: undefined as unknown,
    close: () => {
      isOver = true;
    },
  };
  const guard = (made: unknown) => {
    const query = made as DriverQuery;
    if (typeof query?.handler !== "function") return made; // an identifier, or values
    const send = query.handler;
    query.handler = (sent) => {
      if (isOver) return sent.reject(overError());
      sent.catch((error) => scope.failure ??= error);
      return send(sent);
    };
    return made;
  };
  const savepoint = (name: string | undefined, work: (tx: TransactionSql) => unknown) =>
    isOver ? Promise.reject(overError()) : underSavepoint(sql, count, name, work);
  const tx = new Proxy(sql, {
    apply: (target, self, args) => guard(Reflect.apply(target as never, self, args)),
    get(target, name) {
      if (MISSING.has(name)) return undefined;
      if (name === "savepoint") {
        return (...args: unknown[]) =>
          savepoint(args.length > 1 ? args[0] as string : undefined, args.at(-1) as never);
      }
      if (name === "notify") {
        return (channel: string, payload: string) =>
          guard(sql`select pg_notify(${channel}, ${`${payload}`})`);
      }
      const value = Reflect.get(target, name);
      if (name !== "unsafe" && name !== "file") return value;
      return (...args: unknown[]) => guard(Reflect.apply(value as never, target, args));
    },
  });
  return Object.assign(scope, { tx: tx as unknown as TransactionSql });
}

/** What a handler returns, when it is settled: also several queries, as with the driver's `begin`. */
export async function settled(result: unknown): Promise<unknown> {
  return await (Array.isArray(result) ? Promise.all(result) : result);
}

async function underSavepoint(
  sql: Sql,
  count: Count,
  label: string | undefined,
  work: (tx: TransactionSql) => unknown,
): Promise<unknown> {
  const name = `s${count.savepoints++}${label === undefined ? "" : `_${label}`}`;
  await sql`savepoint ${sql(name)}`;
  const scope = openScope(sql, count);
  try {
    const result = await settled(work(scope.tx));
    if (scope.failure !== undefined) throw scope.failure;
    return result;
  } catch (error) {
    await sql`rollback to ${sql(name)}`;
    throw error;
  } finally {
    scope.close();
  }
}

function overError(): TypeError {
  return new TypeError("Cannot run a statement: its transaction is over");
}
