import type { Checkpointer } from "../../src/exports/checkpoint.ts";
import { HistoryReader } from "../../src/history/mod.ts";
import type { KinesisApi } from "../../src/kinesis/kinesis_api.ts";
import type { ObjectStore } from "../../src/objects/object_store.ts";
import type { ShardId } from "../../src/base/record.ts";
import { StreamReader } from "../../src/stream/mod.ts";
import type { Random, SimulatedProcess } from "../../src/testing/mod.ts";
import { STREAM } from "./stream_driver.ts";

/** What a consumer is like. */
export interface ConsumerPlan {
  /** Whether it reads the stream alone, or the archive first. */
  readonly type: "stream" | "history";
  /** From when on, in milliseconds since the Unix epoch. */
  readonly from: number;
  /** Whether it saves positions itself, and how often. */
  readonly saves: "by hand" | true | { readonly every: number } | { readonly intervalMs: number };
}

/** What one process of a consumer did. */
export interface ConsumerRun {
  /** When it began. */
  readonly startedAt: number;
  /** The records that it got, by their number, in that order. */
  readonly got: number[];
  /** Those that it was done with. */
  readonly handled: Set<number>;
  /** Shards of which it was told that records may be missing. */
  readonly told: Set<ShardId>;
}

/** What a consumer works with, as its process has it. */
export interface ConsumerServices {
  readonly kinesis: KinesisApi;
  readonly store: ObjectStore;
  readonly checkpointer: Checkpointer;
  readonly process: SimulatedProcess;
}

/** A program that reads records, and is started again whenever it has died. */
export class Consumer {
  readonly name: string;
  readonly plan: ConsumerPlan;
  readonly runs: ConsumerRun[] = [];
  readonly #random: Random;

  constructor(name: string, plan: ConsumerPlan, random: Random) {
    this.name = name;
    this.plan = plan;
    this.#random = random;
  }

  /** Reads until it is told to stop. */
  async run(services: ConsumerServices, signal: AbortSignal, startedAt: number): Promise<void> {
    const run: ConsumerRun = { startedAt, got: [], handled: new Set(), told: new Set() };
    this.runs.push(run);
    await using reader = this.#open(services, run, signal);
    const { process } = services;
    const random = this.#random.fork();
    for await (const { data } of reader) {
      const n = data.n as number;
      run.got.push(n);
      if (random.chance(0.2)) await process.sleep(random.integer(1, 500)).catch(() => {});
      run.handled.add(n);
      if (this.plan.saves === "by hand" && random.chance(0.3)) await reader.checkpoint();
    }
  }

  #open(
    { kinesis, store, checkpointer, process }: ConsumerServices,
    run: ConsumerRun,
    signal: AbortSignal,
  ) {
    const { type, from, saves } = this.plan;
    const options = {
      clock: process,
      signal,
      checkpointer,
      pollIntervalMs: 2_000,
      autoCheckpoint: saves === "by hand" ? undefined : saves,
      onInvalid: () => {},
    };
    if (type === "stream") {
      return new StreamReader(kinesis, STREAM, { ...options, from: new Date(from) });
    }
    return new HistoryReader({ kinesis, store }, STREAM, {
      ...options,
      from: new Date(from),
      onGap: ({ shardId }) => void run.told.add(shardId),
    });
  }
}

/** Decides which consumers there are. */
export function planConsumers(random: Random, start: number): ConsumerPlan[] {
  const types = random.pick([["stream"], ["history"], ["stream", "history"]] as const);
  return types.map((type) => ({
    type,
    from: start + random.pick([0, 0, random.integer(0, 20_000)]),
    saves: random.pick(["by hand", true, { every: 3 }, { intervalMs: 5_000 }] as const),
  }));
}
