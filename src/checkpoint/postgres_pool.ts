/**
 * Pools of connections to PostgreSQL that survive the loss of one.
 *
 * @module
 */

import type { Sql } from "postgres";
import { type Clock, systemClock } from "../clock.ts";
import { CheckpointError } from "../errors.ts";
import { postgresError } from "./postgres_error.ts";

/** Makes a pool of the driver, without opening a connection yet. */
export interface PostgresConnector {
  /** Called for the first pool, and for each one that takes the place of a broken one. */
  connect(): Sql;
}

/** Options of {@linkcode PostgresPool}. */
export interface PostgresPoolOptions {
  /** What the timeout goes by: the machine's clock unless given. */
  readonly clock?: Clock | undefined;
  /** How long to wait for an answer, in milliseconds: 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
}

/** Long enough for any healthy server, short enough to notice one that is cut off from the net. */
const TIMEOUT_MS = 30_000;

/**
 * Runs work on a pool of the driver, with an end to waiting.
 *
 * A pool made by a connector is replaced as soon as a connection of it is lost: the driver
 * (3.4.9) keeps the query that was under way as unfinished, and then never ends the pool.
 */
export class PostgresPool {
  readonly #connector: PostgresConnector | undefined;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  #sql: Sql;
  #isEnded = false;

  constructor(source: Sql | PostgresConnector, options: PostgresPoolOptions = {}) {
    this.#connector = "connect" in source ? source : undefined;
    this.#sql = "connect" in source ? source.connect() : source;
    this.#clock = options.clock ?? systemClock;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  /**
   * Runs work.
   *
   * @param what What cannot be done if it fails, for the error's message.
   * @param work What to run; if it is not done in time, it is left to itself.
   * @throws {CheckpointError} If it fails, or takes too long; one that the work throws as it is.
   */
  async run<T>(what: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const sql = this.#sql;
    try {
      return await this.#inTime(work(sql));
    } catch (cause) {
      if (cause instanceof CheckpointError) throw cause; // found by the work itself
      const error = postgresError(what, cause);
      if (isLoss(error)) await this.#replace(sql);
      throw error;
    }
  }

  /** Ends the pool, if it was made here. */
  async end(): Promise<void> {
    if (this.#isEnded || this.#connector === undefined) return;
    this.#isEnded = true;
    await this.#sql.end({ timeout: 5 });
  }

  async #replace(broken: Sql): Promise<void> {
    if (this.#connector === undefined || this.#isEnded || this.#sql !== broken) return;
    this.#sql = this.#connector.connect();
    await broken.end({ timeout: 0 });
  }

  async #inTime<T>(work: Promise<T>): Promise<T> {
    const done = new AbortController();
    const timeout = this.#clock.sleep(this.#timeoutMs, done.signal).then(() => {
      const message = `no answer for ${this.#timeoutMs / 1000} seconds`;
      throw Object.assign(new Error(message), { code: "Timeout" });
    });
    try {
      return await Promise.race([work, timeout]);
    } finally {
      timeout.catch(() => {}); // the end of the wait, which nobody is told of
      done.abort();
    }
  }
}

/**
 * Whether a connection is of no use any more: the server said that it ends it (SQLSTATEs 08 and
 * 57P) or takes no writes (25006: the primary is another one by now), or the driver noticed a loss
 * (names such as `EPIPE`).
 */
function isLoss({ code, retryable }: CheckpointError): boolean {
  return retryable && /^(08|25006|57P|[A-Za-z])/.test(code);
}
