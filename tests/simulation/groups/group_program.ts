import type { StreamRecord } from "../../../src/base/record.ts";
import type { KinesisApi } from "../../../src/kinesis/kinesis_api.ts";
import type {
  GroupEffects,
  GroupTable,
  MemoryEffects,
  MemoryTransaction,
} from "../../../src/shards/group/mod.ts";
import { commitIn, Group, type GroupBatch } from "../../../src/stream/mod.ts";
import type { Random, SimulatedProcess } from "../../../src/testing/mod.ts";
import type { GroupScenario } from "./group_scenario.ts";
import type { HandledRecords } from "./handled_records.ts";
import { type Effect, effectOf } from "./world_group.ts";

type Tx = MemoryTransaction<Effect>;

/** What a program works with, as its process has it. */
export interface ProgramServices {
  readonly kinesis: KinesisApi;
  readonly table: GroupTable;
  readonly effects: GroupEffects<Tx>;
  /** The same database, for transactions of the program's own. */
  readonly own: MemoryEffects<Effect>;
  readonly process: SimulatedProcess;
}

/** A program that is a member of a group. */
export class GroupProgram {
  readonly #name: string;
  readonly #scenario: GroupScenario;
  readonly #handled: HandledRecords;
  readonly #random: Random;
  /** Records for which it has thrown: it does so once for each. */
  readonly #thrown = new Set<unknown>();

  constructor(
    name: string,
    parts: { scenario: GroupScenario; handled: HandledRecords; random: Random },
  ) {
    this.#name = name;
    this.#scenario = parts.scenario;
    this.#handled = parts.handled;
    this.#random = parts.random;
  }

  /** Consumes until it is told to stop. */
  async run(services: ProgramServices, signal: AbortSignal): Promise<void> {
    const { kinesis, table, effects, process } = services;
    const { mode, options } = this.#scenario;
    await using group = new Group({ kinesis, table, effects: effects as GroupEffects }, {
      ...options,
      ...{ clock: process, signal, worker: this.#name, onInvalid: "skip" },
      onPoison: (_error, { records }) => this.#handled.end(records),
    });
    if (mode === "loop") await this.#loop(group, process);
    else if (mode === "run") await this.#run(group, process);
    else if (mode === "batches") await this.#batches(group, process);
    else if (mode === "commitIn") await this.#commitIn(group, services);
    else await this.#transact(group, process);
  }

  async #loop(group: Group, process: SimulatedProcess): Promise<void> {
    for await (const record of group) {
      for (let isDone = false; !isDone;) {
        isDone = await this.#handle([record], process).then(() => true, () => false);
      }
    }
  }

  async #run(group: Group, process: SimulatedProcess): Promise<void> {
    await group.run((record) => this.#handle([record], process), this.#scenario.run);
  }

  async #batches(group: Group, process: SimulatedProcess): Promise<void> {
    await group.runBatches(({ records }) => this.#handle(records, process), this.#scenario.batches);
  }

  /** Commits batches in transactions of its own. */
  async #commitIn(group: Group, { process, own }: ProgramServices): Promise<void> {
    await group.runBatches(async (batch) => {
      const tx = own.begin();
      await this.#takeTime(process);
      for (const record of batch.records) tx.add(effectOf(record));
      await commitIn(tx, batch);
      await own.commit(tx);
    }, this.#scenario.batches);
  }

  async #transact(group: Group, process: SimulatedProcess): Promise<void> {
    const handler = async (tx: Tx, { records }: GroupBatch) => {
      for (const record of records) tx.add(effectOf(record));
      await this.#work(records, process);
    };
    await group.transact<Tx>(handler, {
      ...this.#scenario.batches,
      onPoison: (_error, { records: [record] }, tx) => tx!.add(effectOf(record!, true)),
    });
  }

  /** Handles records outside of a database. */
  async #handle(records: readonly StreamRecord[], process: SimulatedProcess): Promise<void> {
    await whileAlive(process);
    this.#handled.begin(this.#name, records);
    await this.#work(records, process);
    await whileAlive(process);
    this.#handled.end(records);
  }

  /** Takes its time, hangs, or throws, now and then. */
  async #work(records: readonly StreamRecord[], process: SimulatedProcess): Promise<void> {
    await this.#takeTime(process);
    for (const { data: { n } } of records) {
      if (this.#thrown.has(n) || !this.#random.chance(this.#scenario.handler.throws)) continue;
      this.#thrown.add(n);
      throw new Error(`not ${n} now`);
    }
  }

  async #takeTime(process: SimulatedProcess): Promise<void> {
    const { sleeps, hangs } = this.#scenario.handler;
    const random = this.#random;
    if (random.chance(sleeps)) await process.sleep(random.integer(1, 3_000));
    if (random.chance(hangs)) await process.sleep(random.integer(20_000, 100_000));
  }
}

/** Waits forever if the process is dead: its code continues as far as it needs no clock. */
async function whileAlive(process: SimulatedProcess): Promise<void> {
  if (!process.alive) await new Promise(() => {});
}
