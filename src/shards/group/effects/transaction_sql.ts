/**
 * What handlers get for npm:postgres: its driver on one session, within one transaction.
 *
 * @module
 */

import type { RowList, TransactionSql } from "postgres";
import type { PostgresSession } from "../../../sql/postgres/session.ts";

/** A query of the driver: it is sent when it is first waited for. */
interface DriverQuery extends Promise<unknown> {
  handler: (query: DriverQuery) => unknown;
  /** Once it is sent: whether it has a name on the server. */
  readonly prepare?: boolean;
  /** Once it is sent: whether it had the name before. */
  readonly prepared?: boolean;
  reject(error: unknown): void;
}

/** A transaction, or a part of it under a savepoint. */
export interface TransactionScope {
  /** The driver within it. */
  readonly tx: TransactionSql;
  /** The first statement that failed, even if the handler went on. */
  readonly failure: unknown;
  /** Sends several statements of Triton's own, also after `close`. */
  send(text: string): Promise<readonly RowList<[]>[]>;
  /** Refuses statements of the handler from now on. */
  close(): void;
}

/** What a transaction does not have, since it would end it, or leave its connection. */
const MISSING: ReadonlySet<PropertyKey> = new Set([
  ...["begin", "close", "end", "largeObject", "listen", "prepare", "reserve", "subscribe"],
]);

/**
 * Opens a scope on a session that has begun a transaction.
 *
 * @param session The session.
 * @param count Shared by the scopes of one transaction.
 */
export function openScope(
  session: PostgresSession,
  count: { savepoints: number } = { savepoints: 0 },
): TransactionScope {
  const { sql } = session;
  let isOver = false;
  let failure: unknown;
  const guard = (made: unknown) =>
    settling(made, session, {
      refuse: () => isOver ? overError() : undefined,
      onFailure: (error) => failure ??= error,
    });
  const savepoint = (name: string | undefined, work: (tx: TransactionSql) => unknown) =>
    isOver ? Promise.reject(overError()) : underSavepoint(session, count, name, work);
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
  return {
    tx: tx as unknown as TransactionSql,
    get failure() {
      return failure;
    },
    send: (text) => settling(sql.unsafe(text), session, {}) as Promise<RowList<[]>[]>,
    close() {
      isOver = true;
    },
  };
}

/** What happens to a query when it is sent. */
interface Settling {
  /** An error for a query that must not be sent. */
  readonly refuse?: () => Error | undefined;
  readonly onFailure?: (error: unknown) => void;
}

/**
 * Makes sure that a query is settled when the connection is lost: after that, the driver tries to
 * connect again, which it must not, and forgets queries that wait.
 *
 * @param made What the driver made: also an identifier, or values, which are left as they are.
 */
function settling(
  made: unknown,
  session: PostgresSession,
  { refuse, onFailure }: Settling,
): unknown {
  const { lost } = session;
  const query = made as DriverQuery;
  if (typeof query?.handler !== "function") return made;
  const send = query.handler;
  query.handler = (sent) => {
    const refusal = refuse?.() ?? (lost.aborted ? lost.reason : undefined);
    if (refusal !== undefined) return sent.reject(refusal);
    const onLost = () => queueMicrotask(() => sent.reject(lost.reason)); // after the driver's own error
    lost.addEventListener("abort", onLost, { once: true });
    const settle = () => {
      lost.removeEventListener("abort", onLost);
      if (sent.prepare && !sent.prepared) session.prepared++;
    };
    sent.then(settle, (error) => {
      settle();
      onFailure?.(error);
    });
    return send(sent);
  };
  return made;
}

/** What a handler returns, when it is settled: also several queries, as with the driver's `begin`. */
export async function settled(result: unknown): Promise<unknown> {
  const value = await result;
  return Array.isArray(value) ? await Promise.all(value) : value;
}

async function underSavepoint(
  session: PostgresSession,
  count: { savepoints: number },
  label: string | undefined,
  work: (tx: TransactionSql) => unknown,
): Promise<unknown> {
  const name = `s${count.savepoints++}${label === undefined ? "" : `_${label}`}`;
  const quoted = `"${name.replaceAll('"', '""')}"`;
  const scope = openScope(session, count);
  await scope.send(`SAVEPOINT ${quoted}`);
  try {
    const result = await settled(work(scope.tx));
    if (scope.failure !== undefined) throw scope.failure;
    await scope.send(`RELEASE ${quoted}`);
    return result;
  } catch (error) {
    await scope.send(`ROLLBACK TO ${quoted}; RELEASE ${quoted}`);
    throw error;
  } finally {
    scope.close();
  }
}

function overError(): TypeError {
  return new TypeError("Cannot run a statement: its transaction is over");
}
