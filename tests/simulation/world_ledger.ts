import type { ArchiveIntent, ArchiveLedger, Gap } from "../../src/ledger/archive_ledger.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Random } from "../../src/testing/mod.ts";
import type { Scheduler } from "./scheduler.ts";

/** Opens an empty database. */
export type OpenLedger = (clock: Clock) => Promise<ArchiveLedger>;

/** What a {@linkcode WorldLedger} is made of. */
export interface WorldLedgerOptions {
  readonly open: OpenLedger;
  /** The database's clock. */
  readonly now: () => number;
  readonly random: Random;
  readonly scheduler: Scheduler;
}

/** A write that the database has seen. */
interface Written {
  readonly operation: string;
  readonly args: readonly unknown[];
  readonly at: number;
}

const READS: ReadonlySet<PropertyKey> = new Set([
  "shards",
  "checkpoints",
  "position",
  "gaps",
  "store",
  "moves",
  "newestFiles",
  "isCommitted",
]);

/** Without these nothing is asked for yet, and nothing can be lost. */
const FIRST: ReadonlySet<string> = new Set(["identify", "addFirstShards", "adopt"]);

/** Somebody for whom a lease is taken, and who never does anything with it. */
const THIEF = "thief";

/** The database that workers share, and what happens to it. */
export class WorldLedger {
  /** The database as all processes have it. */
  readonly ledger: ArchiveLedger;
  /** Called after each write, with its answer. */
  onWritten: ((operation: string, args: readonly unknown[], answer: unknown) => void) | undefined;
  /** Gaps that were recorded, and which a failover has forgotten: they were logged, and so told. */
  readonly forgottenGaps: Gap[] = [];
  /** Chance that a lease is taken in the moment before an intent. */
  stolenLeases = 0;
  readonly #open: OpenLedger;
  readonly #now: () => number;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  #journal: readonly Written[] = [];
  #current: Promise<ArchiveLedger>;

  private constructor(options: WorldLedgerOptions, first: ArchiveLedger) {
    this.#open = options.open;
    this.#now = options.now;
    this.#random = options.random;
    this.#scheduler = options.scheduler;
    this.#current = Promise.resolve(first);
    this.ledger = new Proxy(first, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function" || typeof name !== "string") return value;
        return (...args: unknown[]) => this.#call(name, args);
      },
    });
  }

  /** Opens an empty database whose clock is `now`. */
  static async open(options: WorldLedgerOptions): Promise<WorldLedger> {
    return new WorldLedger(options, await openAnew(options.open, options.now, []));
  }

  /**
   * Fails over to a server that does not know what was written since a time. It knows the intents of files
   * that are not there yet: no protocol could stop these once they are forgotten.
   *
   * @param since The time, by the database's clock.
   * @param isThere Whether there is an object under a key.
   * @returns What it has forgotten, in words.
   */
  failOver(since: number, isThere: (key: string) => boolean): string {
    const open = this.#journal.findLastIndex(({ operation, args }) =>
      operation === "intend" && !isThere((args[0] as ArchiveIntent).key)
    );
    const kept = this.#journal.filter(({ at, operation }, index) =>
      index <= open || at <= since || FIRST.has(operation)
    );
    const forgotten = this.#journal.filter((written) => !kept.includes(written));
    this.forgottenGaps.push(...forgotten.flatMap(gapsOf));
    this.#journal = kept;
    const current = this.#current;
    this.#current = this.#scheduler.hold(async () => {
      await current;
      return await openAnew(this.#open, this.#now, kept);
    });
    return forgotten.map(({ operation }) => operation).join(", ");
  }

  async #call(operation: string, args: readonly unknown[]): Promise<unknown> {
    if (operation === "intend") await this.#steal(args[0] as ArchiveIntent);
    return await this.#write(operation, args);
  }

  async #write(operation: string, args: readonly unknown[]): Promise<unknown> {
    const server = this.#current;
    const answer = await callOf(await server, operation, args);
    if (READS.has(operation)) return answer;
    const written = { operation, args, at: this.#now() };
    // It was on its way when the database failed over: no server after that knows it.
    if (server === this.#current) this.#journal = [...this.#journal, written];
    else this.forgottenGaps.push(...gapsOf(written));
    this.onWritten?.(operation, args, answer);
    return answer;
  }

  /** Takes one of the leases of an intent, as somebody might who finds it expired. */
  async #steal({ ranges }: ArchiveIntent): Promise<void> {
    if (this.stolenLeases === 0 || !this.#random.chance(this.stolenLeases)) return;
    const { shardId } = this.#random.pick(ranges);
    const shards = await (await this.#current).shards("open");
    const owner = shards.find((shard) => shard.shardId === shardId)?.owner;
    if (owner !== undefined) await this.#write("release", [owner, [shardId]]);
    await this.#write("acquire", [shardId, THIEF, 1_000]);
  }
}

function gapsOf({ operation, args }: Written): Gap[] {
  if (operation === "recordGap") return [args[0] as Gap];
  return operation === "reposition" && args[3] !== undefined ? [args[3] as Gap] : [];
}

/** Opens a database and writes what was written before, at the times when it was. */
async function openAnew(
  open: OpenLedger,
  now: () => number,
  journal: readonly Written[],
): Promise<ArchiveLedger> {
  let past: number | undefined;
  const clock = { now: () => past ?? now(), random: () => 0, sleep: () => Promise.resolve() };
  const ledger = await open(clock);
  for (const { operation, args, at } of journal) {
    past = at;
    await callOf(ledger, operation, args).catch(() => {});
  }
  past = undefined;
  return ledger;
}

function callOf(ledger: ArchiveLedger, operation: string, args: readonly unknown[]) {
  const method = Reflect.get(ledger, operation) as (...args: unknown[]) => Promise<unknown>;
  return method.apply(ledger, [...args]);
}
