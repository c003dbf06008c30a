/**
 * Pools of sessions on PostgreSQL that survive the loss of one.
 *
 * @module
 */

import type { Sql } from "postgres";
import { type Clock, systemClock } from "../../base/clock.ts";
import { CheckpointError } from "../../base/errors.ts";
import { postgresError } from "./error.ts";
import type { PostgresConnector, PostgresSession } from "./session.ts";

/** Options of {@linkcode PostgresPool}. */
export interface PostgresPoolOptions {
  /** What time-outs go by. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
  /** How long to wait for an answer, in milliseconds. Default: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** A role that is trusted as the owner of the tables. Default: the connector's. */
  readonly tableOwner?: string | undefined;
  /** Most sessions at a time. Default: 4. */
  readonly maxSessions?: number | undefined;
}

/** Long enough for any healthy server, short enough to notice one that is cut off from the net. */
const TIMEOUT_MS = 30_000;

/** Work is short and comes one piece at a time; a few sessions serve many shards. */
const MAX_SESSIONS = 4;

/**
 * Runs work on sessions of a server, with an end to waiting; or on a driver that was given.
 *
 * A session is used again only if all that it did succeeded. Whatever fails cuts the connection:
 * the server then rolls an open transaction back, and nothing depends on what state the driver is in.
 */
export class PostgresPool {
  /** A role that is trusted as the owner of the tables, beside the usual ones. */
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
   * Runs work that needs a session to itself.
   *
   * @param what What cannot be done if it fails, for the error's message.
   * @param work What to run; if it is not done in time, its session is cut off.
   * @throws {CheckpointError} If it fails, or takes too long; one that the work throws as it is.
   */
  async run<T>(what: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const source = this.#source;
    try {
      return await this.#inTime((signal) =>
        "connect" in source ? this.#onSession(source, signal, work) : work(source)
      );
    } catch (cause) {
      if (cause instanceof CheckpointError) throw cause; // found by the work itself
      const error = postgresError(what, cause);
      if (isLoss(error)) this.#discardIdle();
      throw error;
    }
  }

  /** Ends the sessions that are idle; those at work end when they are done. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all(this.#idle.splice(0).map((session) => session.end()));
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
      signal.throwIfAborted(); // nobody waits for it any more
      session = this.#idleSession() ?? await connector.connect({ clock: this.#clock, signal });
      const result = await unlessAborted(signal, () => work(session!.sql));
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
    return this.#idle.pop();
  }

  async #giveBack(session: PostgresSession): Promise<void> {
    if (this.#isEnded) await session.end();
    else this.#idle.push(session);
  }

  /** The server may have gone, or be no primary any more: that holds for the others, too. */
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
      timeout.catch(() => {}); // the end of the wait, which nobody is told of
      done.abort();
    }
  }
}

/** Waits for work no longer than somebody wants it. */
async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work(), promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** What the server said as it ended the session, where the driver noticed only the loss. */
function whatEndedIt(session: PostgresSession | undefined, error: unknown): unknown {
  const isServers = (error as { readonly severity?: unknown } | null)?.severity !== undefined;
  const words = isServers || error instanceof CheckpointError ? undefined : session?.lastWords;
  return words?.severity === "FATAL" ? words : error;
}

/**
 * Whether a connection is of no use any more: the server said that it ends it (SQLSTATEs 08, 25P and
 * 57P) or takes no writes (25006: the primary is another one by now), or the driver noticed a loss
 * (names such as `EPIPE`).
 */
function isLoss({ code, retryable }: CheckpointError): boolean {
  return retryable && /^(08|25|57P|[A-Za-z])/.test(code);
}
