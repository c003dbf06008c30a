import { DatabaseSync } from "node:sqlite";
import { MemoryLedger } from "../../src/ledger/memory_ledger.ts";
import { openCheckpointer } from "../../src/checkpoint/open_checkpointer.ts";
import { openLedger } from "../../src/ledger/open_ledger.ts";
import { PostgresBackend } from "../../src/sql/postgres/backend.ts";
import { PostgresPool } from "../../src/sql/postgres/pool.ts";
import { postgresConnector } from "../../src/sql/postgres/session.ts";
import { parsePostgresUrl } from "../../src/sql/postgres/url.ts";
import { SqlLedger } from "../../src/ledger/sql_ledger.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { query } from "../sql/postgres/support.ts";
import { held } from "./held.ts";
import type { Scheduler } from "./scheduler.ts";
import { STREAM } from "./stream_driver.ts";
import type { OpenLedger } from "./world_ledger.ts";

/** The kinds of database that a run can have. */
export const DATABASES = ["memory", "sqlite", "postgres"] as const;

/** Names a kind of database. */
export type DatabaseName = typeof DATABASES[number];

/** A database that a run can have; that of PostgreSQL is named by the URL of a superuser's. */
export type Database = "memory" | "sqlite" | `postgres://${string}`;

const CLIENT = "store";

/** The database of a name. */
export function databaseOf(name: string): DatabaseName {
  const database = DATABASES.find((database) => database === name);
  if (database !== undefined) return database;
  throw new RangeError(`No database "${name}"; there are: ${DATABASES.join(", ")}`);
}

/** Opens empty databases, but for the checkpoints that an older Triton has left. */
export function openerOf(
  database: Database,
  checkpoints: ReadonlyMap<ShardId, SequenceNumber>,
  scheduler: Scheduler,
): OpenLedger {
  if (database === "memory") {
    return (clock) => Promise.resolve(new MemoryLedger(STREAM, { clock, checkpoints }));
  }
  if (database === "sqlite") {
    return (clock) =>
      scheduler.hold(async () => {
        const database = new DatabaseSync(":memory:");
        const checkpointer = await openCheckpointer(database, { client: CLIENT });
        if (checkpoints.size > 0) await checkpointer.save(STREAM, checkpoints);
        const ledger = await openLedger(database, { client: CLIENT, stream: STREAM, clock });
        return held(ledger, scheduler);
      });
  }
  return (clock) =>
    scheduler.hold(async () => {
      const { url, pool } = await (thread ??= openThread(database));
      await query(url, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public");
      {
        await using checkpointer = await openCheckpointer(url, { client: CLIENT });
        if (checkpoints.size > 0) await checkpointer.save(STREAM, checkpoints);
      }
      const backend = new PostgresBackend(pool, clock);
      return held(await SqlLedger.open(backend, { client: CLIENT, stream: STREAM }), scheduler);
    });
}

/** What one thread has on a server. */
interface Thread {
  readonly url: string;
  readonly pool: PostgresPool;
}

/** What this thread has: its runs, which come one after the other, share it. It ends with the thread. */
let thread: Promise<Thread> | undefined;

/**
 * Creates a database for this thread. There is one session, so that transactions come one after the
 * other, in the order in which they were asked for, and a run is the same each time.
 */
async function openThread(server: string): Promise<Thread> {
  const name = `run_${crypto.randomUUID().replaceAll("-", "")}`;
  await query(server, `CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const connector = await postgresConnector(parsePostgresUrl(url));
  return { url, pool: new PostgresPool(connector, { maxSessions: 1 }) };
}
