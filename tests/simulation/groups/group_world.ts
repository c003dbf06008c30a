import { MemoryKinesis } from "../../../src/kinesis/mod.ts";
import type { GroupTarget } from "../../../src/shards/group/mod.ts";
import { MemoryEffects } from "../../../src/shards/group/mod.ts";
import type { ShardId } from "../../../src/base/record.ts";
import {
  type FaultPlan,
  Random,
  SeededFaults,
  type ServiceCall,
  type SimulatedProcess,
  withFaults,
} from "../../../src/testing/mod.ts";
import { serviceError } from "../../../src/testing/service_errors.ts";
import { compareNumbers } from "../facts.ts";
import { Processes } from "../processes.ts";
import { CALM, START } from "../scenario.ts";
import { Scheduler } from "../scheduler.ts";
import { show } from "../steps.ts";
import { STREAM, StreamDriver } from "../stream_driver.ts";
import type { Trace } from "../trace.ts";
import { WorldKinesis } from "../world_kinesis.ts";
import { auditEffects } from "./group_audit.ts";
import type { GroupPlant } from "./group_plants.ts";
import { GroupProgram } from "./group_program.ts";
import { type GroupHappening, type GroupScenario, planGroup } from "./group_scenario.ts";
import { HandledRecords } from "./handled_records.ts";
import { type Effect, WorldGroup } from "./world_group.ts";

/** A member that runs in a process of its own. */
interface Member {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly stop: AbortController;
  /** Until when its renewals do not arrive. */
  blockedUntil: number;
}

/** Calls that do not change the database. */
const READS: ReadonlySet<string> = new Set([
  ...["shards", "checkpoints", "position", "members", "gaps", "createdAt", "standing"],
]);

/** How long everything may take to be processed once nothing goes wrong any more. */
const PATIENCE_MS = 20 * 60_000;

/** Kinesis, a database of positions and effects, and the members on them, under one clock and one seed. */
export class GroupWorld {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly scenario: GroupScenario;
  readonly #random: Random;
  readonly #faults: SeededFaults;
  readonly #kinesis: WorldKinesis;
  readonly #driver: StreamDriver;
  readonly #processes: Processes;
  readonly #group: WorldGroup;
  /** The group as all processes have it. */
  readonly #shared: WorldGroup;
  readonly #plant: GroupPlant;
  readonly #handled: HandledRecords;
  readonly #members = new Set<Member>();
  readonly #problems: string[] = [];
  #count = 0;

  constructor(seed: number, trace: Trace, plant: GroupPlant = {}) {
    const random = new Random(seed);
    this.scenario = planGroup(random.fork());
    this.trace = trace;
    this.#plant = plant;
    const { troubles, rates, shards, mode } = this.scenario;
    const scheduler = this.scheduler = new Scheduler(START, random.fork());
    this.#random = random.fork();
    this.#faults = new SeededFaults(rates, random.fork());
    const kinesis = new MemoryKinesis({ clock: scheduler.clock(this.#random) });
    const stream = { shards, retentionHours: 8760 };
    this.#driver = new StreamDriver(kinesis, scheduler, random.fork(), stream);
    this.#processes = new Processes({
      ...{ scheduler, random: random.fork(), troubles, faults: this.#faults },
      note: (...what) => this.#note(...what),
    });
    this.#kinesis = new WorldKinesis(kinesis, {
      ...{ now: () => scheduler.now, random: random.fork(), plan: troubles },
      createdAt: this.#driver.createdAt,
    });
    const clock = { ...scheduler.clock(random.fork()), now: () => this.#databaseNow };
    this.#group = new WorldGroup(STREAM, { clock });
    const shared = plant.inside?.(this.#group) ?? this.#group;
    this.#shared = troubles.failovers.length > 0 ? this.#remembering(shared) : shared;
    const { records, children } = this.#driver;
    this.#handled = new HandledRecords({ records, children, byKey: mode === "run" });
  }

  /** Lets everything happen; returns what went wrong. */
  async run(): Promise<readonly string[]> {
    const { happenings, calmAt } = this.scenario;
    this.#note("world", "scenario", () => show({ ...this.scenario, happenings: undefined }));
    for (const happening of happenings) {
      this.scheduler.after(happening.at, () => void this.#happen(happening));
    }
    await this.scheduler.runUntil(() => false, START + calmAt);
    await this.#calmDown();
    const problems = [
      ...[...this.#problems, ...this.#handled.problems, ...this.#group.problems],
    ];
    return problems.length > 0 ? problems : this.#audit();
  }

  get #databaseNow(): number {
    return this.scheduler.now + this.scenario.troubles.ledgerClock;
  }

  get #hasEffects(): boolean {
    return this.scenario.mode === "transact" || this.scenario.mode === "commitIn";
  }

  #audit(): string[] {
    const { records, children } = this.#driver;
    if (this.#hasEffects) return auditEffects({ records, children, log: this.#group.log });
    const { missing } = this.#handled;
    return missing === undefined ? [] : [`nobody has handled record ${missing.n}`];
  }

  /** A database that can fail over to a server which does not know what was written last. */
  #remembering(group: WorldGroup): WorldGroup {
    return new Proxy(group, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== "function" || typeof name !== "string") return method;
        return async (...args: unknown[]) => {
          const answer = await method.apply(target, args);
          // Without the first shards nothing is asked for yet, and nothing can be lost.
          if (!READS.has(name) && (await this.#group.shards()).length > 0) {
            this.#group.remember(this.#databaseNow);
          }
          return answer;
        };
      },
    });
  }

  async #happen(happening: GroupHappening): Promise<void> {
    this.#note("world", happening.type);
    switch (happening.type) {
      case "put":
        return void await this.#driver.put(happening.key, happening.isEvent);
      case "split":
      case "merge": {
        const done = await this.#driver[happening.type]();
        return this.#note("world", `has done the ${happening.type}`, () => done);
      }
      case "outage":
        return this.#faults.takeDown(happening.service, this.scheduler.now + happening.ms);
      case "start member":
        if (this.#members.size < this.scenario.members) this.#startMember();
        return;
      case "stop member":
        return this.#anyMember()?.stop.abort();
      case "crash member":
        return this.#anyMember()?.process.crash("without warning");
      case "block renewals": {
        const member = this.#anyMember();
        if (member !== undefined) member.blockedUntil = this.scheduler.now + happening.ms;
        return;
      }
      case "fail over": {
        const since = this.#databaseNow - this.scenario.troubles.failoverLag;
        const forgotten = this.#group.failOver(since);
        return this.#note("group", "fails over", () => `and forgets ${forgotten} effects`);
      }
      case "rewind":
        return await this.#rewind(happening.back);
    }
  }

  /** Moves the positions of some shards back, by hand, while members run. */
  async #rewind(back: number): Promise<void> {
    const targets = new Map<ShardId, GroupTarget>();
    for (const { shardId, position } of await this.#group.shards()) {
      if (position === undefined || !this.#random.chance(0.5)) continue;
      const before = this.#driver.records
        .filter((record) => record.shardId === shardId)
        .map(({ sequenceNumber }) => sequenceNumber as typeof position)
        .filter((sequenceNumber) => compareNumbers(sequenceNumber, position) < 0)
        .toSorted(compareNumbers);
      const to = before[Math.floor(before.length * back)];
      targets.set(
        shardId,
        to === undefined ? { start: { type: "trim-horizon" } } : { position: to },
      );
    }
    if (targets.size === 0) return;
    const moved = await this.#group.setPositions(targets);
    this.#note("operator", "moves positions", () => show(moved));
  }

  #anyMember(): Member | undefined {
    return this.#members.size === 0 ? undefined : this.#random.pick([...this.#members]);
  }

  #startMember(): void {
    const name = `member${++this.#count}`;
    const process = this.#processes.start(name, () => this.#members.delete(member));
    const member: Member = { name, process, stop: new AbortController(), blockedUntil: -Infinity };
    this.#members.add(member);
    this.#note(name, "starts");
    const plan = this.#planOf(member);
    const faulty = withFaults(this.#shared, plan, process) as WorldGroup;
    const table = this.#plant.outside?.(faulty) ?? faulty;
    const own = new MemoryEffects<Effect>(faulty);
    const effects = this.#plant.effects?.(own, faulty) ?? own;
    const kinesis = withFaults(this.#kinesis.kinesis, plan, process);
    const random = this.#random.fork();
    const program = new GroupProgram(name, {
      ...{ scenario: this.scenario, handled: this.#handled, random },
    });
    program.run({ kinesis, table, effects, own, process }, member.stop.signal).then(
      () => this.#ended(member, "ends in good order"),
      (error) => {
        this.#ended(member, `fails: ${error instanceof Error ? error.stack : error}`);
        if (process.alive) this.#problems.push(`${name} failed: ${error}`);
      },
    );
  }

  /** What becomes of the calls of a member. */
  #planOf(member: Member): FaultPlan {
    const { faults } = this.#processes;
    return {
      decide: (call: ServiceCall, now) => {
        const fate = faults.decide(call, now);
        const isBlocked = call.operation === "renew" && this.scheduler.now < member.blockedUntil;
        if (!isBlocked) return fate;
        return { kind: "refused", error: () => serviceError(call, "ECONNRESET") };
      },
    };
  }

  #ended(member: Member, how: string): void {
    this.#members.delete(member);
    this.#note(member.name, how);
  }

  /** Ends all trouble, and gives the members time to finish. */
  async #calmDown(): Promise<void> {
    this.#note("world", "calms down");
    this.scheduler.speed = "fast";
    this.#processes.end();
    this.#faults.end(CALM);
    this.#kinesis.end();
    for (const member of [...this.#members]) {
      member.blockedUntil = -Infinity;
      if (this.#random.chance(0.3)) member.process.crash("at the end");
    }
    let missing: string | undefined;
    const isDone = async () => {
      const working = () => [...this.#members].filter(({ stop }) => !stop.signal.aborted).length;
      while (working() < this.scenario.lastMembers) this.#startMember();
      missing = await this.#unfinished();
      return missing === undefined;
    };
    if (!await this.#waitFor(isDone)) {
      this.#problems.push(`stuck, though nothing goes wrong: ${missing}`);
    }
    for (const { stop } of this.#members) stop.abort();
    if (!await this.#waitFor(() => Promise.resolve(this.#members.size === 0))) {
      this.#problems.push("stuck: a member does not stop");
      for (const { process } of [...this.#members]) process.crash("does not stop");
    }
    // Whatever is still on its way arrives.
    await this.scheduler.runUntil(() => false);
  }

  /** What is still to be done. */
  async #unfinished(): Promise<string | undefined> {
    const shards = new Map((await this.#group.shards()).map((shard) => [shard.shardId, shard]));
    const listed = await this.#driver.shards();
    for (const [id, { isOpen }] of listed) {
      const shard = shards.get(id);
      if (shard === undefined) return `nobody knows ${id}`;
      if (!isOpen && shard.state === "open") return `${id} has not ended`;
      if (isOpen && shard.owner === undefined) return `${id} is nobody's`;
    }
    // The position of a record that is skipped is saved when that of another one is.
    const record = this.#driver.records.find(({ isEvent, shardId, sequenceNumber }) => {
      const position = shards.get(shardId as ShardId)!.position;
      return isEvent &&
        (position === undefined || compareNumbers(position, sequenceNumber) < 0);
    });
    return record && `record ${record.n} of ${record.shardId} is not processed`;
  }

  /** Waits until something is so; false if that takes too long. */
  async #waitFor(isSo: () => Promise<boolean>): Promise<boolean> {
    const deadline = this.scheduler.now + PATIENCE_MS;
    const hasFailed = () => this.#problems.length + this.#handled.problems.length > 0;
    let [so, over] = [false, false];
    const look = async (): Promise<void> => {
      if (over) return;
      so = await isSo();
      over ||= so || hasFailed();
      if (!over) this.scheduler.after(1_000, () => void look());
    };
    void look();
    await this.scheduler.runUntil(() => over, deadline);
    over = true;
    return so || hasFailed();
  }

  #note(who: string, what: string, details?: () => string): void {
    this.trace.note(this.scheduler.now, who, what, details);
  }
}
