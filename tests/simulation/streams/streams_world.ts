import { ArchiverHost, StreamsDownError } from "../../../src/archiver/mod.ts";
import { MemoryKinesis } from "../../../src/kinesis/mod.ts";
import { Random, SeededFaults, type SimulatedProcess } from "../../../src/testing/mod.ts";
import { audit } from "../auditor.ts";
import { Processes } from "../processes.ts";
import { CALM, START } from "../scenario.ts";
import { Scheduler } from "../scheduler.ts";
import { show } from "../steps.ts";
import type { Trace } from "../trace.ts";
import { findImbalance } from "./balance.ts";
import { MemoryWatch } from "./memory_watch.ts";
import {
  HOSTS,
  MISSING,
  planStreams,
  type StreamsHappening,
  type StreamsScenario,
} from "./streams_scenario.ts";
import { WorldLedgers } from "./world_ledgers.ts";
import { WorldStream } from "./world_stream.ts";

/** A process that archives all streams. */
interface Host {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly stop: AbortController;
  readonly host: ArchiverHost;
  readonly memory: MemoryWatch;
}

/** How long everything may take to be archived once nothing goes wrong any more. */
const PATIENCE_MS = 20 * 60_000;

/** How long the streams may take whose buckets are well, while others are not. */
const UNDISTURBED_MS = 5 * 60_000;

/** The longest time between two polls of a shard. */
const POLL_MS = 5_000;

/** Many streams in one Kinesis, and the processes that archive them, under one clock and one seed. */
export class StreamsWorld {
  readonly scenario: StreamsScenario;
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;
  readonly #random: Random;
  readonly #faults: SeededFaults;
  readonly #processes: Processes;
  readonly #kinesis: MemoryKinesis;
  readonly #streams: WorldStream[] = [];
  readonly #ledgers: WorldLedgers;
  readonly #hosts = new Set<Host>();
  readonly #problems = new Set<string>();
  #count = 0;

  constructor(seed: number, trace: Trace) {
    const random = new Random(seed);
    this.scenario = planStreams(random.fork());
    const scheduler = this.#scheduler = new Scheduler(START, random.fork());
    this.#trace = trace;
    this.#random = random.fork();
    const { rates, troubles } = this.scenario;
    this.#faults = new SeededFaults(rates, random.fork());
    this.#processes = new Processes({
      ...{ scheduler, random: random.fork(), troubles, faults: this.#faults },
      note: (...what) => this.#note(...what),
    });
    this.#kinesis = new MemoryKinesis({ clock: scheduler.clock(random.fork()) });
    const now = () => scheduler.now + troubles.ledgerClock;
    this.#ledgers = new WorldLedgers({ scheduler, random: random.fork(), now });
  }

  /** Lets everything happen; returns what went wrong. */
  async run(): Promise<readonly string[]> {
    await this.#openStreams();
    const { happenings, calmAt } = this.scenario;
    this.#note("world", "scenario", () => show({ ...this.scenario, happenings: undefined }));
    this.#plan(happenings);
    await this.#scheduler.runUntil(() => false, START + calmAt);
    await this.#calmDown();
    if (this.#problems.size > 0) return [...this.#problems];
    const problems: string[] = [];
    for (const stream of this.#streams) {
      const found = audit(await stream.facts());
      problems.push(...found.map((problem) => `${stream.plan.name}: ${problem}`));
    }
    return problems;
  }

  async #openStreams(): Promise<void> {
    const { streams, troubles, hasMissing } = this.scenario;
    if (hasMissing) await this.#ledgers.open(MISSING);
    for (const plan of streams) {
      const ledger = await this.#ledgers.open(plan.name);
      const parts = { plan, troubles, ledger, kinesis: this.#kinesis, scheduler: this.#scheduler };
      const stream = new WorldStream({ ...parts, random: this.#random.fork() });
      this.#streams.push(stream);
      if (plan.bucket === undefined) continue;
      const { trouble, at } = plan.bucket;
      this.#scheduler.after(at, () => {
        this.#note(plan.name, `the bucket ${trouble}`);
        stream.trouble = trouble;
      });
    }
  }

  #plan(happenings: readonly StreamsHappening[]): void {
    for (const happening of happenings) {
      this.#scheduler.after(happening.at, () => void this.#happen(happening));
    }
  }

  async #happen(happening: StreamsHappening): Promise<void> {
    this.#note("world", happening.type);
    switch (happening.type) {
      case "put": {
        const { stream, key, isEvent } = happening;
        const records = await this.#streams[stream]!.driver.put(key, isEvent);
        return this.#note("world", `has put into ${stream + 1}`, () => records.map(show).join(" "));
      }
      case "split":
      case "merge": {
        const done = await this.#streams[happening.stream]!.driver[happening.type]();
        return this.#note("world", `has done the ${happening.type}`, () => done);
      }
      case "outage":
        return this.#faults.takeDown(happening.service, this.#scheduler.now + happening.ms);
      case "start host":
        if (this.#hosts.size < HOSTS) this.#startHost();
        return;
      case "stop host":
        return this.#anyHost()?.stop.abort();
      case "crash host":
        return this.#anyHost()?.process.crash("without warning");
      case "remove stream":
        return await this.#removeStream(this.#streams[happening.stream]!);
      case "fail over": {
        const since = this.#scheduler.now - this.scenario.troubles.failoverLag;
        // One database has all streams: it forgets what it knew of each in the same moment.
        const forgotten = this.#streams.map((stream) => stream.failOver(since));
        return this.#note("ledger", "fails over", () => `and forgets ${forgotten}`);
      }
    }
  }

  #anyHost(): Host | undefined {
    return this.#hosts.size === 0 ? undefined : this.#random.pick([...this.#hosts]);
  }

  #startHost(): void {
    const name = `host${++this.#count}`;
    const process = this.#processes.start(name, () => this.#hosts.delete(host));
    const ledgers = this.#ledgers.for(process, this.#processes.faults);
    const archiverHost = new ArchiverHost({ ledgers, clock: process }, this.scenario.shared);
    const stop = new AbortController();
    const host: Host = { name, process, stop, host: archiverHost, memory: new MemoryWatch() };
    this.#hosts.add(host);
    this.#note(name, "starts");
    for (const stream of this.#streams) this.#add(host, stream);
    if (this.scenario.hasMissing) this.#add(host, this.#streams[0]!, MISSING);
    archiverHost.run(stop.signal).then(
      () => this.#ended(host, undefined),
      (error) => this.#ended(host, error),
    );
    this.#watch(host);
  }

  #add({ process, host }: Host, stream: WorldStream, name = stream.plan.name): void {
    const services = stream.servicesFor(process, this.#processes.faults);
    host.add(name, { ...this.scenario.options, ...services });
  }

  /** One host gives a stream up, and has it again after a while. */
  async #removeStream(stream: WorldStream): Promise<void> {
    const host = this.#anyHost();
    if (host === undefined || host.stop.signal.aborted) return;
    const { name } = stream.plan;
    this.#note(host.name, "removes", () => name);
    try {
      await host.host.remove(name);
    } catch (error) {
      if (error instanceof RangeError) return; // it is being removed already
      if (!stream.mayFail) this.#problems.add(`${host.name} cannot remove ${name}: ${error}`);
    }
    this.#scheduler.after(this.#random.integer(0, 30_000), () => {
      if (!host.process.alive || host.stop.signal.aborted) return;
      if (host.host.status().streams.some(({ stream }) => stream === name)) return;
      this.#note(host.name, "adds", () => name);
      this.#add(host, stream);
    });
  }

  #ended(host: Host, error: unknown): void {
    this.#hosts.delete(host);
    this.#note(host.name, error === undefined ? "ends in good order" : `fails: ${error}`);
    if (error === undefined || !host.process.alive) return;
    const down = error instanceof StreamsDownError ? error.streams : undefined;
    if (down?.every(({ stream }) => this.#mayFail(stream))) return;
    this.#problems.add(`${host.name} failed: ${error}`);
  }

  #mayFail(name: string): boolean {
    return name === MISSING ||
      this.#streams.some(({ plan, mayFail }) => plan.name === name && mayFail);
  }

  /** Looks now and then whether a stream fails that has no reason to. */
  #watch(host: Host): void {
    if (!this.#hosts.has(host)) return;
    for (const { stream, failure } of host.host.status().streams) {
      if (failure === undefined || this.#mayFail(stream)) continue;
      this.#problems.add(`${stream} failed on ${host.name}: ${failure.error}`);
    }
    this.#scheduler.after(10_000, () => this.#watch(host));
  }

  /** Ends all trouble but that of the buckets, then that, and gives the hosts time to finish. */
  async #calmDown(): Promise<void> {
    this.#note("world", "calms down");
    this.#scheduler.speed = "fast";
    this.#processes.end();
    this.#faults.end(CALM);
    for (const stream of this.#streams) stream.end();
    for (const { process } of [...this.#hosts]) {
      if (this.#random.chance(0.3)) process.crash("at the end");
    }
    this.#plan(this.scenario.lastPuts);
    const lastPutAt = Math.max(...this.scenario.lastPuts.map(({ at }) => this.#scheduler.now + at));
    const isWell = (stream: WorldStream) => stream.plan.bucket === undefined;
    await this.#archiveAll(this.#streams.filter(isWell), UNDISTURBED_MS, lastPutAt);
    if (this.#problems.size > 0) return;
    this.#note("world", "heals the buckets");
    for (const stream of this.#streams) stream.trouble = undefined;
    await this.#archiveAll(this.#streams, PATIENCE_MS, lastPutAt);
    await this.#stop();
  }

  #watchMemory(): void {
    for (const { name, host, memory } of this.#hosts) {
      const problem = memory.look(host.status());
      if (problem !== undefined) this.#problems.add(`${name}: ${problem}`);
    }
  }

  /** Waits until all is archived that was put into some streams, and the shards are balanced. */
  async #archiveAll(
    streams: readonly WorldStream[],
    patienceMs: number,
    lastPutAt: number,
  ): Promise<void> {
    let since: number | undefined;
    let missing: string | undefined;
    const isDone = async () => {
      this.#watchMemory();
      const working = () => [...this.#hosts].filter(({ stop }) => !stop.signal.aborted).length;
      while (working() < this.scenario.lastHosts) this.#startHost();
      missing = this.#scheduler.now < lastPutAt
        ? "records are put"
        : await this.#unfinished(streams);
      since = missing === undefined ? since ?? this.#scheduler.now : undefined;
      return since !== undefined && this.#scheduler.now - since >= 3 * POLL_MS;
    };
    if (await this.#waitFor(isDone, patienceMs)) return;
    const others = streams.length === this.#streams.length ? "nothing" : "only another bucket";
    this.#problems.add(`stuck, though ${others} is wrong: ${missing}`);
  }

  async #unfinished(streams: readonly WorldStream[]): Promise<string | undefined> {
    for (const stream of streams) {
      const { name } = stream.plan;
      const hosted = () => [...this.#hosts].flatMap(({ host }) => host.status().streams);
      const missing = await stream.unfinished(() => hosted().filter((of) => of.stream === name));
      if (missing !== undefined) return `${name}: ${missing}`;
    }
    return streams.length === this.#streams.length ? await findImbalance(streams) : undefined;
  }

  async #stop(): Promise<void> {
    for (const { stop } of this.#hosts) stop.abort();
    // deno-lint-ignore require-await
    if (!await this.#waitFor(async () => this.#hosts.size === 0, PATIENCE_MS)) {
      this.#problems.add("stuck: a host does not stop");
      for (const { process } of [...this.#hosts]) process.crash("does not stop");
    }
    // Whatever is still on its way arrives.
    await this.#scheduler.runUntil(() => false);
  }

  /** Waits until something is so; false if that takes too long. */
  async #waitFor(isSo: () => Promise<boolean>, patienceMs: number): Promise<boolean> {
    const deadline = this.#scheduler.now + patienceMs;
    let over = false;
    const look = async (): Promise<void> => {
      if (over) return;
      over = await isSo() || this.#problems.size > 0;
      if (!over) this.#scheduler.after(2_000, () => void look());
    };
    void look();
    await this.#scheduler.runUntil(() => over, deadline);
    const so = over;
    over = true;
    return so;
  }

  #note(who: string, what: string, details?: () => string): void {
    this.#trace.note(this.#scheduler.now, who, what, details);
  }
}
