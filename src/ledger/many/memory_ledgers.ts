import { type Clock, systemClock } from "../../base/clock.ts";
import { checkClient } from "../../checkpoint/rows.ts";
import type { ArchiveLedger, LedgerShard, Renewal, TableKey } from "../archive_ledger.ts";
import type { ClientGroup } from "../groups/read_groups.ts";
import { MemoryLedger } from "../memory_ledger.ts";
import type { Ledgers } from "./ledgers.ts";

/** Ledgers in memory. Several workers share them by sharing the object. */
export class MemoryLedgers implements Ledgers {
  readonly #clock: Clock;
  readonly #ledgers = new Map<string, MemoryLedger>();

  /**
   * Creates ledgers that are empty.
   *
   * @param options Clock for the expiry of leases. Default: the system clock.
   */
  constructor({ clock = systemClock }: { readonly clock?: Clock | undefined } = {}) {
    this.#clock = clock;
  }

  /** The ledger of a client and a stream: the same one for each call. */
  of(key: TableKey): ArchiveLedger {
    return this.#of(key);
  }

  /** Renews the leases of a worker in several streams. */
  renew(worker: string, tables: readonly TableKey[], ttlMs: number): Promise<Renewal[]> {
    return Promise.all(tables.map((key) => this.#of(key).renew(worker, ttlMs)));
  }

  /** The open shards of several streams. */
  openShards(tables: readonly TableKey[]): Promise<LedgerShard[][]> {
    return Promise.all(tables.map((key) => this.#of(key).shards("open")));
  }

  /** No group is in the memory of an archiver. */
  readGroups(): Promise<readonly ClientGroup[]> {
    return Promise.resolve([]);
  }

  /** Does nothing: there is nothing to close. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #of({ client, stream }: TableKey): MemoryLedger {
    const name = JSON.stringify([checkClient(client), stream]);
    const ledger = this.#ledgers.get(name) ??
      new MemoryLedger(stream, { client, clock: this.#clock });
    this.#ledgers.set(name, ledger);
    return ledger;
  }
}
