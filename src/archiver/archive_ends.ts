import { type ArchiveEnd, newestArchived } from "../archive/mod.ts";
import type { ShardId } from "../base/record.ts";
import { earliestAhead, type HeldRecords, LATE_MS } from "./behind_archive.ts";
import { retryService, type RetryServiceOptions } from "../base/retry.ts";
import type { ServiceTime } from "../kinesis/mod.ts";
import type { ArchiverServices } from "./archiver_options.ts";

/** What looking into the archive takes. */
type EndServices =
  & Pick<ArchiverServices, "store" | "ledger" | "clock">
  & { readonly time: ServiceTime }
  & RetryServiceOptions;

/**
 * Where the archive of each shard ends.
 *
 * The database may be behind the archive, so a worker that takes a shard looks into the archive first,
 * for files of any worker. The first look reaches back as far as the database could be behind, later
 * ones a day.
 */
export class ArchiveEnds {
  readonly #services: EndServices;
  readonly #ends = new Map<ShardId, ArchiveEnd>();
  /** Keys that the last look found: their files are not read again. */
  #known: ReadonlySet<string> = new Set();
  /** How far back the next look reaches, in milliseconds since the Unix epoch. */
  #since = 0;
  #current: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(services: EndServices) {
    this.#services = services;
  }

  /**
   * Decides how far back the first look reaches.
   *
   * @param held What the stream holds.
   */
  async begin(held: HeldRecords): Promise<void> {
    const { ledger, time } = this.#services;
    const open = await retryService("ledger", this.#services, () => ledger.shards("open"));
    this.#since = earliestAhead(held, open, time.now());
  }

  /** Whether a file is in the archive. Sends a request only if the last look did not find it. */
  async has(key: string): Promise<boolean> {
    if (this.#known.has(key)) return true;
    const { store, signal } = this.#services;
    const head = () => store.head(key, { signal });
    return await retryService("object store", this.#services, head) !== undefined;
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

  /** Looks into the archive. A look that has begun is too old, so all callers meanwhile share the next. */
  look(): Promise<void> {
    return this.#next ??= this.#current.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#current = this.#look();
    });
  }

  async #look(): Promise<void> {
    const { store, clock, time, signal, ledger } = this.#services;
    const { stream, client } = ledger;
    const startedAt = time.now();
    const listed = new Set<string>();
    const isKnown = (key: string) => listed.add(key) && this.#known.has(key);
    const options = {
      stream,
      client,
      clock,
      signal,
      isKnown,
      isCommitted: (key: string) => ledger.isCommitted(key),
      since: new Date(this.#since),
      now: new Date(startedAt),
      maxAttempts: 3,
    };
    const ends = await retryService(
      "object store",
      this.#services,
      () => newestArchived(store, options),
    );
    for (const [shardId, end] of ends) this.#ends.set(shardId, end);
    this.#known = listed;
    this.#since = startedAt - LATE_MS;
  }
}
