import type { KinesisApi, KinesisRecord, Shard } from "../../src/kinesis/kinesis_api.ts";
import { compareSequenceNumbers, type ShardId } from "../../src/base/record.ts";
import type { Random } from "../../src/testing/mod.ts";
import { changed } from "./changed.ts";
import type { TroublePlan } from "./troubles.ts";

/** Chance that Kinesis answers with nothing although more follows, as it often does. */
const EMPTY = 0.1;

/** The most records that are delivered again at a time. */
const MOST_AGAIN = 5;

/** Kinesis as all processes have it: it answers as the real one may. */
export class WorldKinesis {
  readonly kinesis: KinesisApi;
  readonly #real: KinesisApi;
  readonly #now: () => number;
  readonly #random: Random;
  /** When each shard was created, if that was after the stream was. */
  readonly #createdAt: ReadonlyMap<string, number>;
  #plan: Pick<TroublePlan, "listingLag" | "redelivery">;

  constructor(
    real: KinesisApi,
    options: {
      readonly now: () => number;
      readonly random: Random;
      readonly createdAt: ReadonlyMap<string, number>;
      readonly plan: Pick<TroublePlan, "listingLag" | "redelivery">;
    },
  ) {
    this.#real = real;
    this.#now = options.now;
    this.#random = options.random;
    this.#createdAt = options.createdAt;
    this.#plan = options.plan;
    this.kinesis = changed(real, () => ({
      listShards: (stream: string) => this.#listShards(stream),
      getRecords: (iterator: string, options?: Parameters<KinesisApi["getRecords"]>[1]) =>
        this.#getRecords(iterator, options),
    }));
  }

  /** Ends all trouble. */
  end(): void {
    this.#plan = { listingLag: 0, redelivery: 0 };
  }

  /** The shards as of some moment before: those that were split since are still open. */
  async *#listShards(stream: string): AsyncGenerator<Shard> {
    const asOf = this.#now() - this.#random.integer(0, this.#plan.listingLag);
    const shards = await Array.fromAsync(this.#real.listShards(stream));
    const hidden = shards.filter(({ id }) => (this.#createdAt.get(id) ?? 0) > asOf);
    const stillOpen = new Set(hidden.flatMap(({ parents }) => parents));
    for (const shard of shards) {
      if (hidden.includes(shard)) continue;
      yield stillOpen.has(shard.id) ? { ...shard, endingSequenceNumber: undefined } : shard;
    }
  }

  async #getRecords(iterator: string, options?: Parameters<KinesisApi["getRecords"]>[1]) {
    const batch = await this.#real.getRecords(iterator, options);
    const again = this.#random.chance(this.#plan.redelivery)
      ? await this.#before(iterator).catch(() => [])
      : [];
    const next = batch.records[0];
    if (next === undefined || !this.#random.chance(EMPTY)) {
      return { ...batch, records: [...again, ...batch.records] };
    }
    const millisBehindLatest = this.#now() - next.arrivedAt.getTime();
    return { records: again, nextIterator: iterator, millisBehindLatest };
  }

  /** Some of the records up to where an iterator stands. */
  async #before(iterator: string): Promise<readonly KinesisRecord[]> {
    const [stream, shardId, , after] = atob(iterator).split("/") as [
      string,
      ShardId,
      string,
      string,
    ];
    const shard = { stream, shardId };
    const horizon = await this.#real.getShardIterator(shard, { type: "trim-horizon" });
    const { records } = await this.#real.getRecords(horizon);
    const before = records.filter(({ sequenceNumber }) =>
      compareSequenceNumbers(sequenceNumber, after as typeof sequenceNumber) <= 0
    );
    return before.slice(-this.#random.integer(1, MOST_AGAIN));
  }
}
