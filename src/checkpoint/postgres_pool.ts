/**
 * Pools of connections to PostgreSQL that survive the loss of one.
 *
 * @module
 */

import type { Sql } from "postgres";
import type { Clock } from "../clock.ts";
import { postgresError } from "./postgres_error.ts";

/** Makes a pool of the driver, without opening a connection yet. */
export interface PostgresConnector {
  /** Called for the first pool, and for each one that takes the place of a broken one. */
  connect(): Sql;
}

/** Options of {@linkcode PostgresPool}. */
export interface PostgresPoolOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

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

  constructor(source: Sql | PostgresConnector, { clock, timeoutMs }: PostgresPoolOptions) {
    this.#connector = "connect" in source ? source : undefined;
    this.#sql = "connect" in source ? source.connect() : source;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs work.
   *
   * @param what What cannot be done if it fails, for the error's message.
   * @param work What to run; if it is not done in time, it is left to itself.
   * @throws {CheckpointError} If it fails, or takes too long.
   */
  async run<T>(what: string, work: (sql: Sql) => Promise<T>): Promise<T> {
    const sql = this.#sql;
    try {
      return await this.#inTime(work(sql));
    } catch (cause) {
      const error = postgresError(what, cause);
      // SQLSTATEs of class 57P: the server tells that it ends the connection.
      if (error.retryable && /^57P|^[A-Z_]{3,}$|^Timeout$/.test(error.code)) {
        await this.#replace(sql);
      }
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
