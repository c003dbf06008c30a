import type { ArchiveLedger, LeaseTables, LedgerShard, TableKey } from "../archive_ledger.ts";
import type { ClientGroup } from "../groups/read_groups.ts";

/**
 * The ledgers of all streams that a process archives, in one database.
 *
 * Leases of all of them are renewed in one transaction, and their open shards are read in one request.
 */
export interface Ledgers extends LeaseTables<LedgerShard>, AsyncDisposable {
  /**
   * The ledger of a client and a stream. Its disposal leaves the database open.
   *
   * @param key Name of the client (1 to 255 printable characters), and of the stream as Kinesis knows it.
   * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
   */
  of(key: TableKey): ArchiveLedger;
  /**
   * Reads the consumer groups of streams, of any client.
   *
   * @param streams Names of the streams, as Kinesis knows them.
   * @returns The groups, by client and stream; undefined if the user may not read their tables.
   */
  readGroups(streams: readonly string[]): Promise<readonly ClientGroup[] | undefined>;
}
