/**
 * Where the archive ends, as far back as the database could be behind it.
 *
 * @module
 */

import { type ArchiveEnd, newestArchived } from "../archive/mod.ts";
import type { LedgerShard } from "../ledger/archive_ledger.ts";
import type { StreamDescription } from "../kinesis/kinesis_api.ts";
import type { ShardId } from "../base/record.ts";
import { type ArchiverServices, type Patience, persist, type Services } from "./services.ts";

/** What looking into the archive takes. */
type EndServices = ArchiverServices & Pick<Services, "time"> & Patience;

const HOUR_MS = 3_600_000;
/** Clocks differ, and a file may be put long after it was closed. */
const DAY_MS = 24 * HOUR_MS;

/**
 * Where the archive of each shard ends.
 *
 * The database may forget what it committed: after a restore from a backup, or a failover to a
 * server that lagged behind. So whoever takes a shard looks into the archive first, for files of any
 * worker. The first look goes back as far as the database could be behind, later ones a day.
 */
export class ArchiveEnds {
  readonly #services: EndServices;
  readonly #ends = new Map<ShardId, ArchiveEnd>();
  /** Keys that the last look found: their files are not read again. */
  #known: ReadonlySet<string> = new Set();
  #lookedAt: number | undefined;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(services: EndServices) {
    this.#services = services;
  }

  /**
   * Where the archive of a shard ends, as of some moment after the call.
   *
   * @returns Undefined if there is no file of the shard in that time.
   */
  async of(shardId: ShardId): Promise<ArchiveEnd | undefined> {
    await this.look();
    return this.#ends.get(shardId);
  }

  /** Looks into the archive. A look that has begun is too old, so all who come meanwhile share the next. */
  look(): Promise<void> {
    return this.#next ??= this.#current.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#current = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { store, clock, time, signal, ledger } = this.#services;
    const { stream, client } = ledger;
    const first = this.#lookedAt === undefined ? await aheadSince(this.#services) : Infinity;
    const startedAt = time.now();
    const since = Math.min(first, (this.#lookedAt ?? Infinity) - DAY_MS);
    const listed = new Set<string>();
    const isKnown = (key: string) => listed.add(key) && this.#known.has(key);
    const options = {
      stream,
      client,
      clock,
      signal,
      isKnown,
      isCommitted: (key: string) => ledger.isCommitted(key),
      since: new Date(since),
      now: new Date(startedAt),
      maxAttempts: 3,
    };
    const ends = await persist(
      "object store",
      this.#services,
      () => newestArchived(store, options),
    );
    for (const [shardId, end] of ends) this.#ends.set(shardId, end);
    this.#known = listed;
    this.#lookedAt = startedAt;
  }
}

async function aheadSince(services: EndServices): Promise<number> {
  const { kinesis, ledger, time } = services;
  const describe = () => time.of(() => kinesis.describeStream(ledger.stream));
  const stream = await persist("Kinesis", services, describe);
  const open = await persist("ledger", services, () => ledger.shards("open"));
  return earliestAhead(stream, open, time.now());
}

/**
 * The creation time of the oldest archive that the database could be behind.
 *
 * What the stream does not hold any more cannot be archived again, an earlier stream of the same name
 * has nothing to do with this one, and a file that was made before a position was saved is not ahead
 * of it. A day is added.
 *
 * @param stream The stream.
 * @param open The shards that the ledger has not ended.
 * @param now The time.
 * @returns A time in milliseconds since the Unix epoch.
 */
export function earliestAhead(
  { retentionHours, createdAt }: Pick<StreamDescription, "retentionHours" | "createdAt">,
  open: readonly Pick<LedgerShard, "checkpoint" | "knownAt">[],
  now: number,
): number {
  const heldSince = now - retentionHours * HOUR_MS;
  return Math.max(heldSince - DAY_MS, oldestPosition(open) - DAY_MS, createdAt.getTime());
}

/**
 * When the oldest of the positions that are in use was saved; 0 if there is a shard without one.
 *
 * A shard may have been added by a worker that was refused because the archive is ahead: when that
 * was says nothing.
 */
function oldestPosition(open: Parameters<typeof earliestAhead>[1]): number {
  if (open.length === 0 || open.some(({ checkpoint }) => checkpoint === undefined)) return 0;
  return Math.min(...open.map(({ knownAt }) => knownAt.getTime()));
}
