import type { Sql } from "postgres";
import { type Clock, systemClock } from "../../base/clock.ts";
import { CheckpointError } from "../../base/errors.ts";
import { unlessAborted } from "../../base/notifier.ts";
import { postgresError } from "./error.ts";
import type { PostgresConnector, PostgresSession } from "./session.ts";

export interface PostgresPoolOptions {
  /** Clock for time-outs. Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** How long to wait for a response, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** A role that may own the tables. Default: the connector's. */
  readonly tableOwner?: string | undefined;
  /** Maximum number of sessions. Default: 4. */
  readonly maxSessions?: number | undefined;
}

/** Long enough for any healthy server, short enough to notice one that is disconnected. */
const TIMEOUT_MS = 30_000;

/** Transactions are short, so a few sessions serve many shards. */
const MAX_SESSIONS = 4;

/**
 * Runs work on sessions of a server, or on a given driver, with a time-out.
 *
 * Sessions that nobody uses do not keep the process alive. A session is reused only if everything on it succeeded. Any failure cuts the connection: the server
 * then rolls back an open transaction, and the state of the driver does not matter.
 */
export class PostgresPool {
  /** A role that may own the tables, in addition to the usual ones. */
  readonly tableOwner: string | undefined;
  readonly #source: Sql | PostgresConnector;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #idle: PostgresSession[] = [];
  #free: number;
  readonly #waiting: (() => void)[] = [];
  #isEnded = false;

  constructor(source: Sql | PostgresConnector, options: PostgresPoolOptions = {}) {
    this.#source = source;
    this.tableOwner = options.tableOwner ?? ("connect" in source ? source.tableOwner : undefined);
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#free = options.maxSessions ?? MAX_SESSIONS;
  }

  /**
   * Runs work on a session that nothing else uses meanwhile.
   *
   * @param work The work. If it takes too long, its session is cut.
   * @throws {CheckpointError} If the work fails or takes too long. A `CheckpointError` of the work is
   * passed on.
   */
  async run<T>(what: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const source = this.#source;
    try {
      return await this.#inTime((signal) =>
        "connect" in source ? this.#onSession(source, signal, work) : work(source)
      );
    } catch (cause) {
      if (cause instanceof CheckpointError) throw cause; // the work's own
      const error = postgresError(what, cause);
      if (isLoss(error)) this.#discardIdle();
      throw error;
    }
  }

  /** Ends idle sessions; busy ones end when their work is done. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all(
      this.#idle.splice(0).map((session) => {
        session.wake();
        return session.end();
      }),
    );
  }

  async #onSession<T>(
    connector: PostgresConnector,
    signal: AbortSignal,
    work: (sql: Sql) => Promise<T>,
  ): Promise<T> {
    await this.#takeTurn();
    let session: PostgresSession | undefined;
    try {
      if (this.#isEnded) throw Object.assign(new Error(), { code: "CONNECTION_ENDED" });
      signal.throwIfAborted(); // too late
      session = this.#idleSession() ?? await connector.connect({ clock: this.#clock, signal });
      signal.throwIfAborted();
      const result = await unlessAborted(work(session.sql), signal);
      await this.#giveBack(session);
      return result;
    } catch (error) {
      session?.discard();
      throw whatEndedIt(session, error);
    } finally {
      this.#endTurn();
    }
  }

  #idleSession(): PostgresSession | undefined {
    this.#idle = this.#idle.filter((session) => session.isAlive);
    const session = this.#idle.pop();
    session?.wake();
    return session;
  }

  async #giveBack(session: PostgresSession): Promise<void> {
    if (this.#isEnded) return await session.end();
    session.rest();
    this.#idle.push(session);
  }

  /** The server is gone or no longer the primary. This affects all sessions. */
  #discardIdle(): void {
    for (const session of this.#idle.splice(0)) session.discard();
  }

  async #takeTurn(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #endTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }

  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = new AbortController();
    const timeout = this.#clock.sleep(this.#timeoutMs, done.signal).then(() => {
      late.abort();
      const message = `no answer for ${this.#timeoutMs / 1000} seconds`;
      throw Object.assign(new Error(message), { code: "Timeout" });
    });
    try {
      return await Promise.race([work(late.signal), timeout]);
    } finally {
      timeout.catch(() => {}); // of the cancelled sleep
      done.abort();
    }
  }
}

/** The error with which the server ended the session, if the driver noticed only the loss. */
function whatEndedIt(session: PostgresSession | undefined, error: unknown): unknown {
  const isServers = (error as { readonly severity?: unknown } | null)?.severity !== undefined;
  const words = isServers || error instanceof CheckpointError ? undefined : session?.lastWords;
  return words?.severity === "FATAL" ? words : error;
}

/**
 * Whether a connection is unusable: the server ended it (SQLSTATEs 08, 25P and 57P) or accepts no
 * writes (25006: another server is the primary now), or the driver noticed a loss (codes such as
 * `EPIPE`).
 */
function isLoss({ code, retryable }: CheckpointError): boolean {
  return retryable && /^(08|25|57P|[A-Za-z])/.test(code);
}
