import { Archiver } from "../../src/archiver/mod.ts";
import type { ArchiveIntent, NewShard } from "../../src/ledger/archive_ledger.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../src/objects/memory/memory_object_store.ts";
import { Random, SeededFaults, type SimulatedProcess } from "../../src/testing/mod.ts";
import { CheckpointError } from "../../src/base/errors.ts";
import type { SequenceNumber, ShardId } from "../../src/base/record.ts";
import { unfinished } from "./completion.ts";
import { Consumer } from "./consumers.ts";
import { type Database, openerOf } from "./databases.ts";
import type { Facts, FirstStart } from "./facts.ts";
import { Processes } from "./processes.ts";
import { auditProducer, PRODUCED, Producer } from "./producers.ts";
import { Programs } from "./programs.ts";
import { CALM, type Happening, planScenario, type Scenario, START } from "./scenario.ts";
import { Scheduler } from "./scheduler.ts";
import { servicesOf, type SharedServices } from "./services.ts";
import { StreamDriver } from "./stream_driver.ts";
import { show } from "./steps.ts";
import { clocksAgree, type Trouble, TROUBLES } from "./troubles.ts";
import { WorldKinesis } from "./world_kinesis.ts";
import { WorldLedger } from "./world_ledger.ts";
import { WorldStore } from "./world_store.ts";
import type { Trace } from "./trace.ts";

/** Breaks a rule of the protocol, by standing between the workers and what they share. */
export type Plant = (shared: SharedServices, scheduler: Scheduler) => SharedServices;

/** A worker that runs in a process of its own. */
interface Worker {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly stop: AbortController;
}

/** What a run is like, besides its seed. */
export interface WorldOptions {
  readonly plant?: Plant | undefined;
  /** The kinds of trouble that there may be: all unless given. */
  readonly troubles?: ReadonlySet<Trouble> | undefined;
  /** Where leases and positions are kept: in memory unless given. */
  readonly database?: Database | undefined;
}

/** The longest time between two polls of a shard. */
const POLL_MS = 5_000;

/** Identity of the bucket that an archive may move to, and what marks its keys in the audit. */
const NEW_BUCKET = "memory:new";
const IN_NEW_BUCKET = " in the new bucket";

/** How long everything may take to be archived once nothing goes wrong any more. */
const PATIENCE_MS = 20 * 60_000;

/** Kinesis, bucket, database, and the workers on them, under one clock and one seed. */
export class World {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly scenario: Scenario;
  readonly #random: Random;
  readonly #faults: SeededFaults;
  readonly #kinesis: MemoryKinesis;
  readonly #worldKinesis: WorldKinesis;
  readonly #store: MemoryObjectStore;
  readonly #worldStore: WorldStore;
  /** Where the archive may move. */
  readonly #newStore: MemoryObjectStore;
  #isMoved = false;
  /** Whether somebody is about to move it, so that no worker is started. */
  #isMoving = false;
  #isCalm = false;
  readonly #driver: StreamDriver;
  readonly #plant: Plant;
  readonly #database: Database;
  readonly #processes: Processes;
  readonly #workers = new Set<Worker>();
  readonly #problems: string[] = [];
  readonly #strangers = new Set<string>();
  readonly #oldCheckpoints = new Map<ShardId, SequenceNumber>();
  #worldLedger!: WorldLedger;
  #shared!: SharedServices;
  #start: FirstStart | undefined;
  #workerCount = 0;
  #programs!: Programs;

  constructor(seed: number, trace: Trace, options: WorldOptions = {}) {
    const random = new Random(seed);
    this.scenario = planScenario(random.fork(), options.troubles ?? new Set(TROUBLES));
    this.trace = trace;
    this.scheduler = new Scheduler(START, random.fork());
    this.#random = random.fork();
    this.#faults = new SeededFaults(this.scenario.rates, random.fork());
    this.#database = options.database ?? "memory";
    this.#plant = options.plant ?? ((shared) => shared);
    const scheduler = this.scheduler;
    this.#kinesis = new MemoryKinesis({ clock: scheduler.clock(this.#random) });
    this.#store = new MemoryObjectStore({ now: () => scheduler.now, identity: "memory:old" });
    this.#newStore = new MemoryObjectStore({ now: () => scheduler.now, identity: NEW_BUCKET });
    this.#driver = new StreamDriver(this.#kinesis, scheduler, random.fork(), this.scenario);
    this.#processes = new Processes({
      ...{ scheduler, random: random.fork(), troubles: this.scenario.troubles },
      faults: this.#faults,
      note: (...what) => this.#note(...what),
    });
    const now = () => scheduler.now;
    const plan = this.scenario.troubles;
    this.#worldStore = new WorldStore(this.#store, { now, random: random.fork(), plan });
    const { createdAt } = this.#driver;
    this.#worldKinesis = new WorldKinesis(this.#kinesis, {
      ...{ now, random: random.fork(), createdAt, plan },
    });
  }

  /** Lets everything happen; returns what the workers themselves did wrong. */
  async run(): Promise<readonly string[]> {
    await this.#openLedger();
    this.#note("world", "scenario", () => show({ ...this.scenario, happenings: undefined }));
    for (const happening of this.scenario.happenings) {
      this.scheduler.after(happening.at, () => void this.#happen(happening));
    }
    await this.scheduler.runUntil(() => false, START + this.scenario.calmAt);
    await this.#calmDown();
    for (const producer of this.#programs.producers) {
      this.#problems.push(...await auditProducer(producer, this.#kinesis));
    }
    return [...this.#problems, ...this.#programs.problems];
  }

  /** What is left when all is over. */
  async facts(): Promise<Facts> {
    const objects = new Map<string, Uint8Array>();
    const storedAt = new Map<string, number>();
    for (const [store, suffix] of [[this.#store, ""], [this.#newStore, IN_NEW_BUCKET]] as const) {
      for await (const { key, modifiedAt } of store.list("")) {
        storedAt.set(key + suffix, modifiedAt.getTime());
        objects.set(key + suffix, await (await store.get(key)).bytes());
      }
    }
    const { ledger } = this.#worldLedger;
    const shards = await ledger.shards();
    const shardPositions = shards.map(({ shardId }) => ledger.position(shardId));
    const open = (await Promise.all(shardPositions)).flatMap(({ open }) =>
      open.map(({ key }) => key)
    );
    return {
      records: this.#driver.records,
      objects,
      storedAt,
      strangers: this.#strangers,
      oldCheckpoints: this.#oldCheckpoints,
      start: this.#start,
      horizonAt: (time) => this.#driver.horizonAt(time),
      children: this.#driver.children,
      endedAt: this.scheduler.now,
      shards,
      checkpoints: await ledger.checkpoints(),
      openIntents: [...new Set(open)],
      gaps: await ledger.gaps(),
      forgottenGaps: this.#worldLedger.forgottenGaps,
      consumers: this.#programs.consumers,
      // Keys of two buckets are in no order either.
      clocksAgree: clocksAgree(this.scenario.troubles) && !this.#isMoved,
      movedAt: new Map((await ledger.moves()).map(({ shardId, after }) => [shardId, after])),
    };
  }

  /** A new database, or one that an older Triton has left. */
  async #openLedger(): Promise<void> {
    if (this.scenario.oldTriton) {
      for (let count = 0; count < 12; count++) await this.#driver.put(`key${count % 6}`, true);
      for (const { shardId, sequenceNumber } of this.#driver.records) {
        if (!this.#random.chance(0.4)) continue;
        this.#oldCheckpoints.set(shardId as ShardId, sequenceNumber as SequenceNumber);
      }
    }
    const { ledgerClock, stolenLeases } = this.scenario.troubles;
    const now = () => this.scheduler.now + ledgerClock;
    this.#worldLedger = await WorldLedger.open({
      open: openerOf(this.#database, this.#oldCheckpoints, this.scheduler),
      now,
      random: this.#random.fork(),
      scheduler: this.scheduler,
    });
    this.#worldLedger.stolenLeases = stolenLeases;
    this.#worldLedger.onWritten = (operation, args, answer) => {
      if (operation === "addFirstShards" && answer === true) {
        this.#start ??= this.#firstStart(args[0] as NewShard[]);
      }
      if (operation === "intend" && (answer as unknown[]).length > 0) {
        void this.#tempt((args[0] as ArchiveIntent).key);
      }
    };
    this.#shared = this.#plant({
      kinesis: this.#worldKinesis.kinesis,
      store: this.#worldStore.store,
      ledger: this.#worldLedger.ledger,
      checkpointer: (checkpointer) => checkpointer,
    }, this.scheduler);
    this.#openPrograms();
  }

  #openPrograms(): void {
    const { consumers, producers } = this.scenario.troubles;
    const random = this.#random.fork();
    if (producers.length > 0) this.#kinesis.createStream(PRODUCED, 2, { retentionHours: 8760 });
    this.#programs = new Programs({
      consumers: consumers.map((plan, n) => new Consumer(`reader${n}`, plan, random.fork())),
      producers: producers.map((plan) => new Producer(plan, random.fork())),
      scheduler: this.scheduler,
      processes: this.#processes,
      shared: this.#shared,
      random,
      note: (...what) => this.#note(...what),
    });
  }

  /** What a first listing asks for: what the stream holds, or what arrives from some time on. */
  #firstStart(shards: readonly NewShard[]): FirstStart {
    const horizon = this.#driver.horizonAt(this.scheduler.now);
    // Of a shard with a checkpoint the start is not what was asked for: it is never used.
    if (this.scenario.oldTriton) return { from: horizon, at: this.scheduler.now };
    const times = shards.map(({ start }) =>
      start.type === "at-timestamp" ? start.timestamp.getTime() : -Infinity
    );
    // "Latest" is no later than the moment at which it was written down.
    const from = Math.min(Math.max(horizon, ...times), this.scheduler.now);
    return { from, at: this.scheduler.now };
  }

  async #happen(happening: Happening): Promise<void> {
    this.#note("world", happening.type);
    switch (happening.type) {
      case "put": {
        const records = await this.#driver.put(happening.key, happening.isEvent);
        return this.#note("world", "has put", () => records.map(show).join(" "));
      }
      case "split":
      case "merge": {
        const done = await this.#driver[happening.type]();
        return this.#note("world", `has done the ${happening.type}`, () => done);
      }
      case "shrink retention":
        return this.#driver.shrinkRetention(happening.hours);
      case "outage":
        return this.#faults.takeDown(happening.service, this.scheduler.now + happening.ms);
      case "start worker":
        if (this.#isMoving) return;
        // Now and then one more than was planned, as when somebody starts a second by mistake.
        if (this.#workers.size < this.scenario.workers || this.#random.chance(0.1)) {
          this.#startWorker();
        }
        return;
      case "stop worker":
        return this.#anyWorker()?.stop.abort();
      case "crash worker":
        return this.#anyWorker()?.process.crash("without warning");
      case "start programs":
        return this.#programs.start();
      case "crash program":
        return this.#programs.crash();
      case "fail over": {
        const since = this.scheduler.now - this.scenario.troubles.failoverLag;
        const forgotten = this.#worldLedger.failOver(
          since + this.scenario.troubles.ledgerClock,
          (key) => this.#worldStore.has(key),
        );
        return this.#note("ledger", "fails over", () => `and forgets ${forgotten}`);
      }
      case "move bucket":
        return this.#moveBucket();
      case "night falls":
        return this.#endAllWorkers();
    }
  }

  /** Moves the archive to the other bucket, once no worker is alive; some only sleep. */
  #moveBucket(): void {
    if (this.#isMoved || this.#isMoving || this.#isCalm) return;
    this.#isMoving = true;
    for (const worker of [...this.#workers]) {
      if (this.#random.chance(0.5)) worker.stop.abort();
      else worker.process.pause(this.#random.integer(30_000, 180_000));
    }
    const { leaseMs = 20_000 } = this.scenario.options;
    this.scheduler.after(leaseMs + this.#random.integer(0, 20_000), () => void this.#tryMove());
  }

  async #tryMove(): Promise<void> {
    if (this.#isCalm) return;
    try {
      const { ledger } = this.#worldLedger;
      if ((await ledger.checkpoints()).size === 0) throw new Error("there is no archive yet");
      await ledger.moveStore(NEW_BUCKET);
      this.#isMoved = true;
      this.#note("operator", "moves the archive");
    } catch (error) {
      this.#note("operator", "cannot move the archive", () => String(error));
      this.scheduler.after(20_000, () => this.#moveBucket());
    }
    this.#isMoving = false;
    if (this.#workers.size === 0) this.#startWorker();
  }

  /** Before a day or two without workers, some stop in good order and some do not. */
  #endAllWorkers(): void {
    this.#programs.nightFalls();
    for (const worker of [...this.#workers]) {
      if (this.#random.chance(0.5)) worker.stop.abort();
      const ms = this.#random.integer(0, 90_000);
      this.scheduler.after(ms, () => worker.process.crash("in the night"));
    }
  }

  #anyWorker(): Worker | undefined {
    return this.#workers.size === 0 ? undefined : this.#random.pick([...this.#workers]);
  }

  #startWorker(): void {
    const name = `worker${++this.#workerCount}`;
    const process = this.#processes.start(name, () => this.#workers.delete(worker));
    const worker = { name, process, stop: new AbortController() };
    this.#workers.add(worker);
    const skipToLatest = this.#random.chance(this.scenario.skips);
    this.#note(name, "starts", () => skipToLatest ? "and skips to the latest" : "");
    // Somebody may start one with the old bucket even then.
    const isNew = this.#isMoved && (this.#isCalm || this.#random.chance(0.8));
    const shared = isNew ? { ...this.#shared, store: this.#newStore } : this.#shared;
    const services = servicesOf(process, this.#processes.faults, shared);
    const archiver = new Archiver(services, { ...this.scenario.options, skipToLatest });
    archiver.run(worker.stop.signal).then(
      () => this.#ended(worker, "ends in good order"),
      (error) => {
        this.#ended(worker, `fails: ${error instanceof Error ? error.stack : error}`);
        const isRefused = this.#isMoved && error instanceof CheckpointError &&
          error.code === "OtherStore";
        if (process.alive && !isRefused) this.#problems.push(`${name} failed: ${error}`);
      },
    );
  }

  #ended(worker: Worker, how: string): void {
    this.#workers.delete(worker);
    this.#note(worker.name, how);
  }

  /** A stranger takes the key that comes next, now and then. */
  async #tempt(key: string): Promise<void> {
    if (!this.#random.chance(this.scenario.strangers)) return;
    const bytes = await this.#strangersBytes();
    if (await this.#store.put(key, bytes, { ifAbsent: true }) === "created") {
      this.#strangers.add(key);
      this.#note("stranger", "puts an object", () => key);
    }
  }

  /** Anything: text, nothing at all, an empty archive, or a copy of an archive. */
  async #strangersBytes(): Promise<Uint8Array> {
    const kind = this.#random.integer(0, 3);
    if (kind === 0) return new TextEncoder().encode("I was here first");
    if (kind === 1) return new Uint8Array();
    if (kind === 2) return new TextEncoder().encode("\xff\x06\x00\x00sNaPpY").subarray(0, 10);
    for await (const { key } of this.#store.list("2")) {
      return await (await this.#store.get(key)).bytes();
    }
    return new Uint8Array(64);
  }

  /** Ends all trouble, and gives the workers time to finish. */
  async #calmDown(): Promise<void> {
    this.#note("world", "calms down");
    this.#isCalm = true;
    this.scheduler.speed = "fast";
    this.#processes.end();
    this.#faults.end(CALM);
    this.#worldStore.end();
    this.#worldKinesis.end();
    this.#worldLedger.stolenLeases = 0;
    this.#programs.calmDown();
    for (const { process } of [...this.#workers]) {
      if (this.#random.chance(0.3)) process.crash("at the end");
    }
    const working = () => [...this.#workers].filter(({ stop }) => !stop.signal.aborted).length;
    let since: number | undefined;
    let missing: string | undefined;
    const isDone = async () => {
      // Who was about to crash in this very moment crashes all the same, and is started again.
      while (working() < this.scenario.lastWorkers) this.#startWorker();
      missing = await this.#unfinished();
      since = missing === undefined ? since ?? this.scheduler.now : undefined;
      // By then each shard was asked for its records, so that it is noticed what it has lost.
      return since !== undefined && this.scheduler.now - since >= 3 * POLL_MS;
    };
    if (!await this.#waitFor(isDone)) {
      this.#problems.push(`stuck, though nothing goes wrong: ${missing}`);
    }
    this.#programs.stop();
    for (const { stop } of this.#workers) stop.abort();
    // deno-lint-ignore require-await
    if (!await this.#waitFor(async () => this.#workers.size + this.#programs.running === 0)) {
      this.#problems.push("stuck: a worker does not stop");
      for (const { process } of [...this.#workers]) process.crash("does not stop");
    }
    // Whatever is still on its way arrives.
    await this.scheduler.runUntil(() => false);
  }

  /** Waits until something is so; false if that takes too long. */
  async #waitFor(isSo: () => Promise<boolean>): Promise<boolean> {
    const deadline = this.scheduler.now + PATIENCE_MS;
    let so = false;
    let over = false;
    const look = async (): Promise<void> => {
      if (over) return;
      so = await isSo();
      over ||= so || this.#problems.length + this.#programs.problems.length > 0;
      if (!over) this.scheduler.after(1_000, () => void look());
    };
    void look();
    await this.scheduler.runUntil(() => over, deadline);
    over = true;
    return so || this.#problems.length + this.#programs.problems.length > 0;
  }

  #unfinished(): Promise<string | undefined> {
    return unfinished({
      ledger: this.#worldLedger.ledger,
      driver: this.#driver,
      programs: this.#programs,
      start: this.#start,
      now: this.scheduler.now,
    });
  }

  #note(who: string, what: string, details?: () => string): void {
    this.trace.note(this.scheduler.now, who, what, details);
  }
}
