import type { KinesisApi, PutEntry, PutResult } from "../../src/kinesis/kinesis_api.ts";
import type { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { StreamWriter } from "../../src/stream/mod.ts";
import type { Random, SimulatedProcess } from "../../src/testing/mod.ts";
import { changed } from "./changed.ts";

/** The stream that producers write; nobody archives it. */
export const PRODUCED = "produced";

/** What a producer is like. */
export interface ProducerPlan {
  readonly ordered: boolean;
  /** How many records it has. */
  readonly records: number;
  readonly keys: number;
  readonly maxBatchRecords: number;
}

/** Decides what a producer is like. */
export function planProducer(random: Random): ProducerPlan {
  return {
    ordered: random.chance(0.5),
    records: random.integer(10, 60),
    keys: random.pick([1, 3, 10]),
    maxBatchRecords: random.pick([2, 5, 500]),
  };
}

/** A Kinesis that takes some records of a request and refuses others. */
export function withRefusals(kinesis: KinesisApi, random: Random, rate: () => number): KinesisApi {
  return changed(kinesis, (real) => ({
    async putRecords(stream: string, entries: readonly PutEntry[]): Promise<PutResult[]> {
      const taken = entries.filter(() => !random.chance(rate()));
      const results = taken.length > 0 ? await real.putRecords(stream, taken) : [];
      return entries.map((entry) =>
        results[taken.indexOf(entry)] ?? {
          ...{
            ok: false,
            code: "ProvisionedThroughputExceededException",
            message: "Rate exceeded",
          },
        }
      );
    },
  }));
}

/** A program that puts numbered records, and goes on where its last process had an answer. */
export class Producer {
  readonly name = "producer";
  readonly plan: ProducerPlan;
  readonly #random: Random;
  /** How many records are in the stream, as far as it knows. */
  acknowledged = 0;

  constructor(plan: ProducerPlan, random: Random) {
    this.plan = plan;
    this.#random = random;
  }

  /** Whether all its records are in the stream. */
  get isDone(): boolean {
    return this.acknowledged === this.plan.records;
  }

  /** Puts what is not known to be in the stream. */
  async run(kinesis: KinesisApi, process: SimulatedProcess): Promise<void> {
    const { ordered, records, keys, maxBatchRecords } = this.plan;
    const random = this.#random.fork();
    await using writer = new StreamWriter(kinesis, PRODUCED, {
      ...{ clock: process, ordered, maxBatchRecords, maxDelayMs: 200 },
    });
    for (let n = this.acknowledged; n < records; n++) {
      await writer.put({ partitionKey: `key${n % keys}`, data: new Uint8Array([n]) });
      if (random.chance(0.1)) await process.sleep(random.integer(1, 1_000));
      if (!random.chance(0.2) && n < records - 1) continue;
      await writer.flush();
      this.acknowledged = n + 1;
    }
  }
}

/** Tells what is missing of the records that a producer was told are in the stream, and of their order. */
export async function auditProducer(
  { plan, acknowledged }: Producer,
  kinesis: MemoryKinesis,
): Promise<string[]> {
  const stored: number[] = [];
  for await (const { id } of kinesis.listShards(PRODUCED)) {
    const shard = { stream: PRODUCED, shardId: id };
    const iterator = await kinesis.getShardIterator(shard, { type: "trim-horizon" });
    const { records } = await kinesis.getRecords(iterator);
    stored.push(...records.map(({ data }) => data[0]!));
  }
  const problems: string[] = [];
  for (let n = 0; n < acknowledged; n++) {
    if (!stored.includes(n)) problems.push(`the stream does not have record ${n} of the producer`);
    if (!plan.ordered || n < plan.keys) continue;
    if (stored.indexOf(n) < stored.indexOf(n - plan.keys)) {
      problems.push(`record ${n} of the producer comes before record ${n - plan.keys} of its key`);
    }
  }
  return problems;
}
