import type { ArchiveLedger, Ledgers, TableKey } from "../../../src/ledger/mod.ts";
import { MemoryLedger } from "../../../src/ledger/memory_ledger.ts";
import {
  type FaultPlan,
  type Random,
  type SimulatedProcess,
  withFaults,
} from "../../../src/testing/mod.ts";
import type { Scheduler } from "../scheduler.ts";
import { WorldLedger } from "../world_ledger.ts";

/** Name of the client of all streams. */
export const CLIENT = "store";

/** What {@linkcode WorldLedgers} are made of. */
export interface WorldLedgersParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** The database's clock. */
  readonly now: () => number;
}

/** The database of all streams. */
export class WorldLedgers {
  readonly #parts: WorldLedgersParts;
  readonly #ledgers = new Map<string, WorldLedger>();

  constructor(parts: WorldLedgersParts) {
    this.#parts = parts;
  }

  /** Creates what the database has of a stream. */
  async open(stream: string): Promise<WorldLedger> {
    const { scheduler, random, now } = this.#parts;
    const ledger = await WorldLedger.open({
      open: (clock) => Promise.resolve(new MemoryLedger(stream, { client: CLIENT, clock })),
      ...{ now, scheduler, random: random.fork() },
    });
    this.#ledgers.set(stream, ledger);
    return ledger;
  }

  /** The database as one process has it, where each call may go wrong. */
  for(process: SimulatedProcess, plan: FaultPlan): Ledgers {
    const ledgers = [...this.#ledgers].map(([stream, { ledger }]) => (
      [stream, withFaults(ledger, plan, process)] as const
    ));
    const ofStream = new Map(ledgers);
    // Any service that is none of the others counts as a ledger.
    const together = this.#together as unknown as ArchiveLedger;
    const { renew, openShards } = withFaults(together, plan, process) as unknown as Ledgers;
    return {
      ...{ renew, openShards },
      of: ({ stream }) => ofStream.get(stream)!,
      readGroups: () => Promise.resolve([]),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** What is one request for many streams. */
  get #together(): Pick<Ledgers, "renew" | "openShards"> {
    const of = ({ stream }: TableKey) => this.#ledgers.get(stream)!.ledger;
    return {
      renew: (worker, tables, ttlMs) =>
        Promise.all(tables.map((key) => of(key).renew(worker, ttlMs))),
      openShards: (tables) => Promise.all(tables.map((key) => of(key).shards("open"))),
    };
  }
}
