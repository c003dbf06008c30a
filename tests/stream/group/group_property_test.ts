import { equal, ok } from "node:assert/strict";
import type { ShardId, StreamRecord } from "../../../src/base/record.ts";
import type { MemoryTransaction } from "../../../src/shards/group/memory_effects.ts";
import type { Group } from "../../../src/stream/mod.ts";
import { Random, SeededFaults, type SimulatedProcess } from "../../../src/testing/mod.ts";
import { GroupWorld, STREAM } from "./group_world.ts";

const SEEDS = 40;
const RECORDS = 200;

/** A way to consume: it handles records until the group ends. */
type Consume = (group: Group, process: SimulatedProcess) => Promise<void>;

/** Three members over one stream that is resharded, with kills, pauses and lost answers. */
class Crowd {
  readonly world: GroupWorld;
  /** What went wrong. */
  readonly problems: string[] = [];
  readonly handled = new Set<number>();
  readonly #random: Random;
  readonly #faults: SeededFaults;
  readonly #consume: (crowd: Crowd) => Consume;
  readonly #members = new Set<{ process: SimulatedProcess; stop: AbortController }>();
  #isCalm = false;

  constructor(seed: number, consume: (crowd: Crowd) => Consume) {
    const random = this.#random = new Random(seed);
    this.world = new GroupWorld(random.integer(1, 3), seed);
    const bad = random.pick([0, 1, 1, 2]);
    this.#faults = new SeededFaults({
      ...{ slow: 0.1 * bad, verySlow: 0.005 * bad, refused: 0.03 * bad, lost: 0.05 * bad },
      ...{ lateWrite: 0.01 * bad, crash: 0.01 * bad },
    }, random.fork());
    this.#consume = consume;
  }

  /** Lets everything happen, until every record is handled and no member is left. */
  async run(isDone: () => boolean): Promise<void> {
    const { world } = this;
    const random = this.#random;
    for (let round = 0; round < 40; round++) {
      if (world.count < RECORDS) await world.put(RECORDS / 40, 7);
      while (this.#members.size < 3) this.#start();
      const [member] = [...this.#members].sort(() => random.next() - 0.5);
      const dice = random.next();
      if (dice < 0.08) member!.process.crash();
      else if (dice < 0.16) member!.process.pause(random.integer(1_000, 30_000));
      else if (dice < 0.22) member!.stop.abort();
      else if (dice < 0.32) await this.#reshard();
      await world.clock.advance(random.integer(100, 4_000));
    }
    this.#isCalm = true;
    this.#faults.end();
    while (this.#members.size < 2) this.#start();
    await world.untilSo(() => isDone() || this.problems.length > 0);
    for (const { stop } of this.#members) stop.abort();
    await world.untilSo(() => this.#members.size === 0);
  }

  #start(): void {
    const stop = new AbortController();
    const { group, process } = this.world.member({
      ...{
        leaseMs: 10_000,
        drainMs: 3_000,
        signal: stop.signal,
        limit: this.#random.pick([3, 100]),
      },
    }, { decide: (call, now) => this.#faults.decide(call, now) });
    const member = { process, stop };
    this.#members.add(member);
    void process.crashed.then(() => this.#members.delete(member));
    this.#consume(this)(group, process).catch((error) => {
      if (process.alive) this.problems.push(`a member failed: ${error.stack}`);
    }).finally(() => this.#members.delete(member));
  }

  async #reshard(): Promise<void> {
    const { kinesis } = this.world;
    const open: ShardId[] = [];
    for await (const { id, endingSequenceNumber } of kinesis.listShards(STREAM)) {
      if (endingSequenceNumber === undefined) open.push(id);
    }
    if (open.length < 4 && this.#random.chance(0.6)) {
      kinesis.splitShard(STREAM, this.#random.pick(open));
      return;
    }
    for (const [one, other] of open.slice(1).map((id, index) => [open[index]!, id] as const)) {
      try {
        return void kinesis.mergeShards(STREAM, one, other);
      } catch {
        // They do not adjoin.
      }
    }
  }

  /** Notes a record about to be handled: all those of its key before it must have been. */
  begin({ data }: StreamRecord): number {
    const n = data.n as number;
    for (let before = n - 7; before >= 0; before -= 7) {
      if (this.handled.has(before)) break;
      this.problems.push(`record ${n} comes before ${before} of its key was handled`);
    }
    return n;
  }

  get isCalm(): boolean {
    return this.#isCalm;
  }
}

/** Runs all seeds, until all records are handled: those that `handled` returns. */
async function check(
  consume: (crowd: Crowd) => Consume,
  handled: (crowd: Crowd) => Iterable<number> = (crowd) => crowd.handled,
): Promise<void> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const crowd = new Crowd(seed, consume);
    const missing = () => {
      const all = new Set(handled(crowd));
      return [...Array(crowd.world.count).keys()].filter((n) => !all.has(n));
    };
    try {
      await crowd.run(() => missing().length === 0);
    } catch (error) {
      crowd.problems.push(`${error}; not handled: ${missing()}`);
    }
    equal(crowd.problems.slice(0, 3).join("\n"), "", `seed ${seed}: ${crowd.problems[0]}`);
  }
}

Deno.test("Group hands every record to a loop at least once, those of a key in order, whatever dies", async () => {
  await check((crowd) => async (group, process) => {
    for await (const record of group) {
      const n = crowd.begin(record);
      if (n % 5 === 0) await process.sleep(300);
      crowd.handled.add(n);
    }
  });
});

Deno.test("Group.run() handles every record at least once, those of a key in order, whatever dies", async () => {
  await check((crowd) => (group, process) =>
    group.run(async (record) => {
      const n = crowd.begin(record);
      await process.sleep(n % 3 * 200);
      crowd.handled.add(n);
    }, { concurrency: 3, maxAhead: 10 })
  );
});

Deno.test("Group.runBatches() handles every record at least once, those of a key in order, whatever dies", async () => {
  await check((crowd) => (group, process) =>
    group.runBatches(async ({ records }) => {
      await process.sleep(200);
      for (const record of records) crowd.handled.add(crowd.begin(record));
    }, { maxRecords: 5 })
  );
});

Deno.test("Group.transact() commits the effects of every record once and in order, whatever dies", async () => {
  await check((crowd) => async (group, process) => {
    await group.transact<MemoryTransaction<number>>(async (tx, { records }) => {
      for (const { data } of records) tx.add(data.n as number);
      await process.sleep(records.length % 3 * 200);
    }, { maxRecords: 7 });
    const { effects } = crowd.world.table;
    equal(new Set(effects).size, effects.length, "no effect is there twice");
    for (const [index, n] of effects.entries()) {
      ok(
        n < 7 || effects.indexOf(n - 7) < index,
        `the effect of ${n} comes after that of ${n - 7}`,
      );
      if (n >= 7) {
        ok(effects.includes(n - 7), `the effect of ${n - 7} is there before that of ${n}`);
      }
    }
  }, (crowd) => crowd.world.table.effects);
});
