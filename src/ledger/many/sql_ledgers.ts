import { renewAll } from "../../shards/table/sql_leases.ts";
import type { ArchiveLedger, LedgerShard, Renewal, TableKey } from "../archive_ledger.ts";
import { findGroups } from "../groups/find_groups.ts";
import type { ClientGroup } from "../groups/read_groups.ts";
import { type SharedDatabases, SqlLedger } from "../sql_ledger.ts";
import { SAME_SCHEMA } from "../tables/schema.ts";
import { listOpenShards } from "../tables/shards.ts";
import type { Ledgers } from "./ledgers.ts";

/** Ledgers in PostgreSQL or SQLite. */
export class SqlLedgers implements Ledgers {
  readonly #databases: SharedDatabases;

  /**
   * Creates ledgers on a database that has their tables.
   *
   * @param databases The database, which is closed with this object.
   */
  constructor(databases: SharedDatabases) {
    this.#databases = databases;
  }

  of(key: TableKey): ArchiveLedger {
    return new SqlLedger(this.#databases, key);
  }

  renew(worker: string, tables: readonly TableKey[], ttlMs: number): Promise<Renewal[]> {
    const { renewals } = this.#databases;
    return renewals.transact(
      `Cannot renew leases of ${describe(tables)}`,
      () => renewAll(renewals.dialect, worker, tables, ttlMs),
      SAME_SCHEMA,
    );
  }

  openShards(tables: readonly TableKey[]): Promise<LedgerShard[][]> {
    const { database } = this.#databases;
    const what = `Cannot list the shards of ${describe(tables)}`;
    return database.run(what, () => listOpenShards(database.dialect, tables));
  }

  async readGroups(streams: readonly string[]): Promise<readonly ClientGroup[] | undefined> {
    if (streams.length === 0) return [];
    return await findGroups(this.#databases.database, { stream: streams });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { database, renewals } = this.#databases;
    if (renewals !== database) await renewals[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  }
}

/** Streams, for the text of an error; one stream as its own ledger names it. */
function describe(tables: readonly TableKey[]): string {
  const [first, ...more] = tables;
  if (first === undefined) return "no stream";
  return `stream "${first.stream}"${more.length === 0 ? "" : ` and ${more.length} more`}`;
}
