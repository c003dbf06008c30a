import type { ShardId } from "../../../src/base/record.ts";
import { MemoryEffects } from "../../../src/shards/group/memory_effects.ts";
import { MemoryGroup } from "../../../src/shards/group/memory_group.ts";
import { Group, type GroupOptions } from "../../../src/stream/mod.ts";
import {
  type FaultPlan,
  MemoryKinesis,
  putEvents,
  runUntil,
  SimulatedProcess,
  VirtualClock,
  withFaults,
} from "../../../src/testing/mod.ts";

export const STREAM = "orders";

/** Nothing goes wrong. */
const CALM: FaultPlan = { decide: () => ({ kind: "answered" }) };

/** A stream, a group in memory, and members of it under virtual time. */
export class GroupWorld {
  readonly clock: VirtualClock;
  readonly kinesis: MemoryKinesis;
  readonly table: MemoryGroup<number>;
  #count = 0;

  constructor(shards = 1, seed = 1) {
    this.clock = new VirtualClock({ seed });
    this.kinesis = new MemoryKinesis({ clock: this.clock });
    this.table = new MemoryGroup<number>(STREAM, { clock: this.clock });
    this.kinesis.createStream(STREAM, shards);
  }

  /** How many records were put: their numbers are those below. */
  get count(): number {
    return this.#count;
  }

  /** Puts numbered records, each with a key of its own or with one of a few. */
  async put(count: number, keys = Infinity): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const n = this.#count++;
      return { n, key: `key ${n % keys}` };
    });
    await putEvents(this.kinesis, STREAM, events, { partitionKey: "key" });
  }

  /** Puts a numbered record into a shard. */
  async putInto(shardId: ShardId): Promise<void> {
    const n = this.#count++;
    for (let key = 0;; key++) {
      const event = { n, key: `key ${key}` };
      const world = new MemoryKinesis({ clock: this.clock });
      world.createStream(STREAM, 2);
      const [put] = await putEvents(world, STREAM, [event], { partitionKey: "key" });
      if (put!.shardId !== shardId) continue;
      await putEvents(this.kinesis, STREAM, [event], { partitionKey: "key" });
      return;
    }
  }

  /** A member in a process of its own. */
  member(options: GroupOptions = {}, plan: FaultPlan = CALM) {
    const process = new SimulatedProcess(this.clock);
    const table = withFaults(this.table, plan, process);
    const kinesis = withFaults(this.kinesis, plan, process);
    const effects = new MemoryEffects<number>(table);
    const group = new Group({ kinesis, table, effects }, {
      clock: process,
      pollIntervalMs: 200,
      ...options,
    });
    return { group, process, effects };
  }

  /** Lets time pass until a promise is settled. */
  until<R>(promise: Promise<R>): Promise<R> {
    return runUntil(this.clock, promise);
  }

  /** Lets time pass until something is so. */
  async untilSo(isSo: () => boolean | Promise<boolean>, withinMs = 600_000): Promise<void> {
    const deadline = this.clock.now() + withinMs;
    while (!await isSo()) {
      if (this.clock.now() > deadline) throw new Error("It never came to be");
      await this.clock.advance(100);
    }
  }
}
