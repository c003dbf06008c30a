import { type Clock, systemClock } from "../../../base/clock.ts";
import { postgresError } from "../../../sql/postgres/error.ts";
import type { PostgresConnector, PostgresSession } from "../../../sql/postgres/session.ts";
import { unlessAborted } from "../../../base/notifier.ts";

/**
 * After how many prepared statements a session is replaced: the server and the driver keep each of them,
 * and an insert of many rows is another statement for each number of rows.
 */
const MAX_PREPARED = 100;

/** Sessions for transactions of users: one that failed is never used again. */
export class SessionStock implements AsyncDisposable {
  readonly #connector: PostgresConnector;
  readonly #clock: Clock;
  #idle: PostgresSession[] = [];
  #isEnded = false;

  constructor(connector: PostgresConnector, clock: Clock = systemClock) {
    this.#connector = connector;
    this.#clock = clock;
  }

  /**
   * Takes a session and begins a transaction on it.
   *
   * @param what What fails if there is none, for the error.
   * @param begin The statements that begin the transaction.
   * @param signal Gives up.
   * @throws {CheckpointError} If no server accepts the connection or the statements.
   */
  async begin(
    what: string,
    begin: string,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<PostgresSession> {
    for (;;) {
      signal.throwIfAborted();
      const idle = this.#takeIdle();
      const session = idle ?? await this.#connect(what, signal);
      try {
        const over = AbortSignal.any([session.lost, signal]);
        const text = `${begin}; SELECT pg_catalog.pg_backend_pid() AS pid`;
        const results = await unlessAborted(session.sql.unsafe<{ pid: number }[][]>(text), over);
        session.prepareIn(results.at(-1)![0]!.pid);
        return session;
      } catch (error) {
        session.discard();
        signal.throwIfAborted();
        // The server may have ended it while it was idle: nothing was done yet, so another one is tried.
        if (idle === undefined) throw postgresError(what, session.lastWords ?? error);
      }
    }
  }

  /** Gives a session back that is not in a transaction. */
  async giveBack(session: PostgresSession): Promise<void> {
    const isFull = session.prepared >= MAX_PREPARED;
    if (this.#isEnded || isFull || !session.isAlive) return await session.end();
    session.rest();
    this.#idle.push(session);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    await Promise.all(
      this.#idle.splice(0).map((session) => {
        session.wake();
        return session.end();
      }),
    );
  }

  #takeIdle(): PostgresSession | undefined {
    this.#idle = this.#idle.filter((session) => session.isAlive);
    const session = this.#idle.pop();
    session?.wake();
    return session;
  }

  async #connect(what: string, signal: AbortSignal): Promise<PostgresSession> {
    try {
      return await this.#connector.connect({ clock: this.#clock, signal, isForUsers: true });
    } catch (error) {
      signal.throwIfAborted();
      throw postgresError(what, error);
    }
  }
}
