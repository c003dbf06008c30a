import type { HostedOptions, HostedStatus } from "../../../src/archiver/mod.ts";
import { ObjectStoreError } from "../../../src/base/errors.ts";
import type { MemoryKinesis } from "../../../src/kinesis/mod.ts";
import type { ArchiveLedger } from "../../../src/ledger/archive_ledger.ts";
import { MemoryObjectStore } from "../../../src/objects/memory/memory_object_store.ts";
import type {
  Fate,
  FaultPlan,
  Random,
  ServiceCall,
  SimulatedProcess,
} from "../../../src/testing/mod.ts";
import { missingRecords, unsettledShard } from "../completion.ts";
import type { Facts, FirstStart } from "../facts.ts";
import type { Scheduler } from "../scheduler.ts";
import { servicesOf } from "../services.ts";
import { StreamDriver } from "../stream_driver.ts";
import { clocksAgree, type TroublePlan } from "../troubles.ts";
import { WorldKinesis } from "../world_kinesis.ts";
import type { WorldLedger } from "../world_ledger.ts";
import { WorldStore } from "../world_store.ts";
import { CLIENT } from "./world_ledgers.ts";
import type { BucketTrouble, StreamPlan } from "./streams_scenario.ts";

/** What a {@linkcode WorldStream} is made of. */
export interface WorldStreamParts {
  readonly plan: StreamPlan;
  readonly kinesis: MemoryKinesis;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly troubles: TroublePlan;
  /** What the database has of it. */
  readonly ledger: WorldLedger;
}

/** One stream of many, its bucket, and what the database has of it. */
export class WorldStream {
  readonly plan: StreamPlan;
  readonly driver: StreamDriver;
  /** What is wrong with its bucket now. */
  trouble: BucketTrouble | undefined;
  readonly #parts: WorldStreamParts;
  readonly #kinesis: WorldKinesis;
  readonly #real: MemoryObjectStore;
  readonly #store: WorldStore;
  readonly #ledger: WorldLedger;
  #start: FirstStart | undefined;

  /** Creates the stream in Kinesis. */
  constructor(parts: WorldStreamParts) {
    const { plan, kinesis, scheduler, random, troubles, ledger } = parts;
    const now = () => scheduler.now;
    this.#parts = parts;
    this.plan = plan;
    this.driver = new StreamDriver(kinesis, scheduler, random.fork(), {
      ...plan,
      retentionHours: 8_760,
      noise: 150,
    });
    const { createdAt } = this.driver;
    this.#kinesis = new WorldKinesis(kinesis, {
      ...{ now, random: random.fork(), createdAt, plan: troubles },
    });
    this.#real = new MemoryObjectStore({ now, identity: `memory:${plan.name}` });
    this.#store = new WorldStore(this.#real, { now, random: random.fork(), plan: troubles });
    this.#ledger = ledger;
    ledger.stolenLeases = troubles.stolenLeases;
    ledger.onWritten = (operation, _, answer) => {
      if (operation !== "addFirstShards" || answer !== true) return;
      this.#start ??= { from: this.driver.horizonAt(scheduler.now), at: scheduler.now };
    };
  }

  /** What the database has of it. */
  get ledger(): ArchiveLedger {
    return this.#ledger.ledger;
  }

  /** Whether its archiving may fail for good. */
  get mayFail(): boolean {
    return this.plan.bucket?.trouble === "denies";
  }

  /** What a process has of it, where each call may go wrong. */
  servicesFor(
    process: SimulatedProcess,
    faults: FaultPlan,
  ): Pick<HostedOptions, "kinesis" | "store" | "client"> {
    const shared = {
      kinesis: this.#kinesis.kinesis,
      store: this.#store.store,
      ledger: this.ledger,
      checkpointer: <T>(checkpointer: T) => checkpointer,
    };
    const plan = { decide: (call: ServiceCall, now: number) => this.#decide(call, now, faults) };
    const { kinesis, store } = servicesOf(process, plan, shared);
    return { client: CLIENT, kinesis, store };
  }

  /** What becomes of a call: the bucket may be in trouble whatever chance says. */
  #decide(call: ServiceCall, now: number, faults: FaultPlan): Fate {
    const fate = faults.decide(call, now);
    const { trouble } = this;
    if (call.service !== "store" || trouble === undefined || fate.kind.startsWith("crash")) {
      return fate;
    }
    const [code, retryable] = trouble === "fails" ? ["SlowDown", true] : ["AccessDenied", false];
    const error = () =>
      new ObjectStoreError(`Cannot ${call.operation}: ${code}`, { code, retryable } as const);
    return { ...fate, kind: "refused", error };
  }

  /** Fails over to a server that does not know what was written since a time. */
  failOver(since: number): string {
    return this.#ledger.failOver(
      since + this.#parts.troubles.ledgerClock,
      (key) => this.#store.has(key),
    );
  }

  /** Ends all trouble but that of the bucket. */
  end(): void {
    this.#kinesis.end();
    this.#store.end();
    this.#ledger.stolenLeases = 0;
  }

  /**
   * Tells what is still to be archived, or at least to be read.
   *
   * @param hosted What the processes have of the stream.
   */
  async unfinished(hosted: () => readonly HostedStatus[]): Promise<string | undefined> {
    const { ledger, driver } = this;
    const shard = await unsettledShard({ ledger, driver });
    if (shard !== undefined) return shard;
    const { scheduler } = this.#parts;
    const missing = await missingRecords({
      ledger,
      driver,
      start: this.#start,
      now: scheduler.now,
    });
    if (missing.length === 0 || missing.length <= unarchivedOf(hosted())) return undefined;
    return `record ${missing[0]!.n} of ${missing[0]!.shardId} is not archived`;
  }

  /** What is left when all is over. */
  async facts(): Promise<Facts> {
    const objects = new Map<string, Uint8Array>();
    const storedAt = new Map<string, number>();
    for await (const { key, modifiedAt } of this.#real.list("")) {
      storedAt.set(key, modifiedAt.getTime());
      objects.set(key, await (await this.#real.get(key)).bytes());
    }
    const { ledger, driver } = this;
    const shards = await ledger.shards();
    const positions = await Promise.all(shards.map(({ shardId }) => ledger.position(shardId)));
    return {
      records: driver.records,
      ...{ objects, storedAt, shards },
      strangers: new Set(),
      oldCheckpoints: new Map(),
      start: this.#start,
      horizonAt: (time) => driver.horizonAt(time),
      children: driver.children,
      endedAt: this.#parts.scheduler.now,
      checkpoints: await ledger.checkpoints(),
      openIntents: [...new Set(positions.flatMap(({ open }) => open.map(({ key }) => key)))],
      gaps: await ledger.gaps(),
      forgottenGaps: this.#ledger.forgottenGaps,
      consumers: [],
      clocksAgree: clocksAgree(this.#parts.troubles),
      movedAt: new Map(),
    };
  }
}

/** How many records are in files that are being filled, which are closed when it is time. */
function unarchivedOf(hosted: readonly HostedStatus[]): number {
  return hosted.reduce((sum, { archiver }) => {
    const { events = 0, quarantined = 0 } = archiver?.openFile ?? {};
    return sum + events + quarantined;
  }, 0);
}
