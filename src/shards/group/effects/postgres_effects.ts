import type { TransactionSql } from "postgres";
import type { Clock } from "../../../base/clock.ts";
import { CheckpointError } from "../../../base/errors.ts";
import type { Database } from "../../../sql/database.ts";
import { postgresError } from "../../../sql/postgres/error.ts";
import type { PostgresConnector, PostgresSession } from "../../../sql/postgres/session.ts";
import { atMost, atMostIfKnown } from "../../../sql/postgres/sessions/time_limits.ts";
import type { EffectsOutcome, GroupEffects, RunEffectsOptions } from "../group_effects.ts";
import type { GroupFence } from "../group_table.ts";
import { fenceText, refusalOf, setMark, type TransactionMark } from "../sql/fence.ts";
import { readStanding } from "../sql/outcome.ts";
import { markSession } from "../sql/session_names.ts";
import { commitInPostgres } from "./commit_in.ts";
import { SessionStock } from "./session_stock.ts";
import { openScope, settled, type TransactionScope } from "./transaction_sql.ts";
import { unlessAborted } from "../../../base/notifier.ts";

/** What {@linkcode PostgresEffects} work on. */
export interface PostgresEffectsOptions {
  /** Name of the client. */
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The schema of the tables. */
  readonly schema: string;
  /** Opens sessions for users. */
  readonly connector: PostgresConnector;
  /** The database of the table, to find out what became of a transaction. */
  readonly database: Database;
  /** How long a lease lasts: for so long a session may be idle in a transaction. */
  readonly leaseMs: number;
  /** Clock for connecting. Default: the system clock. */
  readonly clock?: Clock | undefined;
}

/** Transactions of npm:postgres, on sessions of their own. */
export class PostgresEffects implements GroupEffects<TransactionSql> {
  readonly kind = "postgres";
  readonly #options: PostgresEffectsOptions;
  readonly #sessions: SessionStock;

  constructor(options: PostgresEffectsOptions) {
    this.#options = options;
    this.#sessions = new SessionStock(options.connector, options.clock);
  }

  async run(
    fence: GroupFence,
    handler: (tx: TransactionSql) => unknown,
    options: RunEffectsOptions = {},
  ): Promise<EffectsOutcome> {
    const what = `Cannot commit a batch of ${fence.shardId}`;
    const mark: TransactionMark = { setting: "triton.tx", value: crypto.randomUUID() };
    const begin = this.#beginText(fence, mark, options);
    const session = await this.#sessions.begin(what, begin, options.signal);
    try {
      const outcome = await this.#transaction(session, { what, fence, mark, handler, options });
      await this.#sessions.giveBack(session);
      return outcome;
    } catch (error) {
      session.discard(); // the server rolls back
      if (options.signal?.aborted) throw error;
      return await this.#cameOf(fence, error);
    }
  }

  /**
   * Finds out whether an error came of a batch that was committed before, or of a lost lease: effects
   * that are there already may violate constraints. Otherwise it is thrown.
   */
  async #cameOf(fence: GroupFence, error: unknown): Promise<"already" | "lost"> {
    const { database, stream } = this.#options;
    const what = `Cannot read the position of ${fence.shardId} of stream "${stream}"`;
    const reading = database.run(what, () => readStanding(this.#options, fence));
    const standing = await reading.catch(() => "due");
    if (standing === "already" || standing === "lost") return standing;
    throw error;
  }

  async savepoint(tx: TransactionSql, work: (tx: TransactionSql) => unknown): Promise<void> {
    try {
      await tx.savepoint(async (part) => {
        await settled(work(part));
        // Checks what is deferred, and leaves it deferred.
        await part.unsafe(
          "SAVEPOINT triton_check; SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO triton_check",
        );
      });
    } catch (error) {
      throw isStale(error) ? staleError("Cannot process a record", error) : error;
    }
  }

  commitIn(tx: unknown, fence: GroupFence): Promise<void> {
    return commitInPostgres(tx, this.#options, fence);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#sessions[Symbol.asyncDispose]();
  }

  #beginText(
    { shardId, epoch }: GroupFence,
    mark: TransactionMark,
    { isolation, maxMs }: RunEffectsOptions,
  ): string {
    const { leaseMs } = this.#options;
    const level = isolation === undefined ? "" : ` ISOLATION LEVEL ${isolation.toUpperCase()}`;
    const settings = [
      setMark(mark),
      ...markSession({ ...this.#options, shardId }, epoch, leaseMs),
      ...(maxMs === undefined
        ? []
        : [atMost("statement_timeout", maxMs), atMostIfKnown("transaction_timeout", maxMs)]),
    ];
    return `BEGIN${level} READ WRITE; SELECT ${settings.join(", ")}`;
  }

  /** Runs the handler, the fence and the commit. */
  async #transaction(
    session: PostgresSession,
    { what, fence, mark, handler, options: { signal } }: {
      readonly what: string;
      readonly fence: GroupFence;
      readonly mark: TransactionMark;
      readonly handler: (tx: TransactionSql) => unknown;
      readonly options: RunEffectsOptions;
    },
  ): Promise<"committed"> {
    const scope = openScope(session);
    try {
      // A handler that hangs may not notice that its session is lost.
      const over = AbortSignal.any([session.lost, ...(signal === undefined ? [] : [signal])]);
      await unlessAborted(handle(scope, handler), over);
    } catch (error) {
      throw signal?.aborted ? signal.reason : this.#whatEndedIt(what, session, error);
    } finally {
      scope.close();
    }
    try {
      // One round trip: the server does not come to COMMIT if what is before it fails.
      const move = fenceText(this.#options, fence, mark);
      const text = `SET CONSTRAINTS ALL IMMEDIATE; ${move}; COMMIT`;
      const { command } = (await unlessAborted(scope.send(text), signal)).at(-1)!;
      if (command !== "COMMIT") throw new Error(`the server answered COMMIT with ${command}`);
      return "committed";
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // The handler has not waited for a statement that failed.
      if (scope.failure !== undefined) throw this.#whatEndedIt(what, session, scope.failure);
      throw refusalOf(error) === "over"
        ? endedError(what)
        : postgresError(what, session.lastWords ?? error);
    }
  }

  /** The handler's error or, if the server ended the session, why. */
  #whatEndedIt(what: string, session: PostgresSession, cause: unknown): unknown {
    const words = session.lastWords;
    if (words?.severity !== "FATAL") {
      if (session.lost.aborted) return lostError(what, cause);
      return isStale(cause) ? staleError(what, cause) : cause;
    }
    const error = postgresError(what, words);
    if (error.code !== IDLE) return error;
    const seconds = this.#options.leaseMs / 1000;
    return new CheckpointError(
      `${what}: the handler is too slow: it has sent no statement for ${seconds} seconds, so the server ` +
        "ended its transaction; take fewer records at a time, or make leaseMs longer",
      { code: IDLE, retryable: true, cause: words },
    );
  }
}

/** Idle for too long within a transaction. */
const IDLE = "25P03";

async function handle(
  scope: TransactionScope,
  handler: (tx: TransactionSql) => unknown,
): Promise<void> {
  await settled(handler(scope.tx));
  if (scope.failure !== undefined) throw scope.failure;
}

/** The error of a lost connection, whatever the handler made of it. */
function lostError(what: string, cause: unknown): CheckpointError {
  return new CheckpointError(`${what}: the connection was lost`, {
    code: "CONNECTION_CLOSED",
    retryable: true,
    cause,
  });
}

/**
 * What the server says of a statement that the session has prepared, if it cannot be used any more: its
 * table was changed, or the handler has removed it. Another session prepares it anew.
 */
const STALE: ReadonlySet<unknown> = new Set(["RevalidateCachedQuery", "FetchPreparedStatement"]);

function isStale(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (STALE.has((cause as { readonly routine?: unknown }).routine)) return true;
  }
  return false;
}

/** The error for a prepared statement that cannot be used any more; no record is to blame. */
function staleError(what: string, cause: unknown): CheckpointError {
  const message = `${what}: a statement has to be prepared again, as its table was changed`;
  return new CheckpointError(message, { code: "Stale", retryable: true, cause });
}

/** The error for a handler that ended the transaction which it was given. */
function endedError(what: string): CheckpointError {
  return new CheckpointError(
    `${what}: the handler ended the transaction by a COMMIT or ROLLBACK of its own, so its effects may ` +
      "be there without the position; leave both to transact",
    { code: "Ended" },
  );
}
