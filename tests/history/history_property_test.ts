import { deepEqual, ok } from "node:assert/strict";
import type { RunningWorker } from "../archiver/archiver_fixture.ts";
import { Fixture, STREAM } from "../archiver/archiver_fixture.ts";
import { MemoryCheckpointer } from "../../src/exports/checkpoint.ts";
import { HistoryReader, type HistoryRecord } from "../../src/history/mod.ts";
import { mulberry32 } from "../../src/base/clock.ts";
import type { ShardId } from "../../src/base/record.ts";

/** Numbers and choices from a seed. */
function randomFrom(seed: number) {
  const next = mulberry32(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)]!;
  return { below, pick };
}

const MINUTE_MS = 60_000;

/** A stream that is filled, archived, split and merged at random. */
class Weather {
  readonly fixture: Fixture;
  readonly random: ReturnType<typeof randomFrom>;
  /** When each event was put. */
  readonly putAt: number[] = [];
  #open: ShardId[];
  readonly #workers = new Set<RunningWorker>();

  constructor(seed: number) {
    this.random = randomFrom(seed);
    this.fixture = new Fixture(1 + this.random.below(3));
    this.#open = [...this.fixture.shards];
  }

  /** Does one thing, then lets some time pass. */
  async step(): Promise<void> {
    const { random, fixture } = this;
    const action = random.below(10);
    if (action < 5) await this.#put(1 + random.below(40));
    else if (action === 5) this.#split();
    else if (action === 6) this.#merge();
    else if (action === 7 && this.#workers.size < 2) this.#start();
    else if (action === 8) await this.#stop();
    await fixture.clock.advance(random.pick([0, 100, 1_000, 7_000, 20_000, 2 * MINUTE_MS]));
  }

  /** Stops all workers. */
  async end(): Promise<void> {
    while (this.#workers.size > 0) await this.#stop();
  }

  async #put(count: number): Promise<void> {
    await this.fixture.put(count);
    while (this.putAt.length < this.fixture.expected.length) {
      this.putAt.push(this.fixture.clock.now());
    }
  }

  #split(): void {
    if (this.#open.length > 4) return;
    const shard = this.random.pick(this.#open);
    const children = this.fixture.kinesis.splitShard(STREAM, shard);
    this.#open.splice(this.#open.indexOf(shard), 1, ...children);
  }

  #merge(): void {
    if (this.#open.length < 2) return;
    const at = this.random.below(this.#open.length - 1);
    const [low, high] = this.#open.slice(at, at + 2);
    this.#open.splice(at, 2, this.fixture.kinesis.mergeShards(STREAM, low!, high!));
  }

  #start(): void {
    const rotateMs = this.random.pick([5_000, MINUTE_MS, 10 * MINUTE_MS]);
    this.#workers.add(
      this.fixture.start({ rotateMs, maxSize: this.random.pick([2_000, 100_000]) }),
    );
  }

  async #stop(): Promise<void> {
    const [worker] = this.#workers;
    if (worker === undefined) return;
    this.#workers.delete(worker);
    await worker.stop();
  }
}

/** Reads a history at its own pace until its signal is aborted. */
function consume(
  weather: Weather,
  from: Date,
  checkpointer?: MemoryCheckpointer,
): { readonly records: HistoryRecord[]; stop(): Promise<void> } {
  const { fixture: { kinesis, store, clock }, random } = weather;
  const stop = new AbortController();
  const records: HistoryRecord[] = [];
  const pace = random.pick([0, 0, 20, 500]);
  const reading = (async () => {
    await using history = new HistoryReader({ kinesis, store }, STREAM, {
      ...{ from, clock, checkpointer },
      autoCheckpoint: checkpointer && random.pick([true, { every: 7 }, { intervalMs: 3_000 }]),
      signal: stop.signal,
    });
    for await (const record of history) {
      records.push(record);
      if (pace > 0 && random.below(4) === 0) await clock.sleep(pace);
    }
  })();
  reading.catch(() => {});
  return {
    records,
    async stop() {
      stop.abort();
      let over = false;
      reading.catch(() => {}).finally(() => over = true);
      while (!over) await clock.advance(1_000);
      await reading;
    },
  };
}

function numbersOf(records: readonly HistoryRecord[]): number[] {
  return records.map(({ data }) => data["number"] as number);
}

function sorted(numbers: Iterable<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}

/** Fails unless the events of each key come in the order in which they were put. */
function inOrderOfKeys(numbers: readonly number[]): void {
  const last = new Map<number, number>();
  for (const number of numbers) {
    ok(number > (last.get(number % 16) ?? -1), `${number} comes after ${last.get(number % 16)}`);
    last.set(number % 16, number);
  }
}

/** How often the archive and the stream had a part, over all seeds: the test must see both. */
const seen = { archived: 0, live: 0, both: 0 };

for (const group of [0, 1, 2]) {
  Deno.test(`HistoryReader yields every record exactly once and in order (seeds ${group}00 to ${group}24)`, async () => {
    for (let seed = group * 100; seed < group * 100 + 25; seed++) {
      const weather = new Weather(seed);
      const { clock } = weather.fixture;
      const start = clock.now();
      for (let i = 0; i < 20; i++) await weather.step();
      const moment = weather.random.pick([start, start, (start + clock.now()) / 2]);
      const consumer = consume(weather, new Date(moment));
      for (let i = 0; i < 20; i++) await weather.step();
      await clock.advance(6 * MINUTE_MS);
      await consumer.stop();
      await weather.end();

      const numbers = numbersOf(consumer.records);
      const expected = weather.fixture.expected.filter((n) => weather.putAt[n]! >= moment);
      const wanted = new Set(expected);
      deepEqual(sorted(numbers.filter((n) => wanted.has(n))), expected, `seed ${seed}`);
      deepEqual(new Set(numbers).size, numbers.length, `seed ${seed}: no duplicate`);
      inOrderOfKeys(numbers);
      const archived = consumer.records.filter((record) => "key" in record).length;
      seen.archived += archived;
      seen.live += numbers.length - archived;
      if (archived > 0 && archived < numbers.length) seen.both++;
    }
  });
}

Deno.test("HistoryReader loses nothing over restarts, wherever it stops", async () => {
  for (let seed = 1_000; seed < 1_020; seed++) {
    const weather = new Weather(seed);
    const { clock } = weather.fixture;
    const start = new Date(clock.now());
    const checkpointer = new MemoryCheckpointer({ clock });
    for (let i = 0; i < 15; i++) await weather.step();
    const all = new Set<number>();
    for (let run = 0; run < 5; run++) {
      const consumer = consume(weather, start, checkpointer);
      for (let i = weather.random.below(8); i >= 0; i--) await weather.step();
      if (run === 4) await clock.advance(6 * MINUTE_MS);
      await consumer.stop();
      const numbers = numbersOf(consumer.records);
      deepEqual(new Set(numbers).size, numbers.length, `seed ${seed}: no duplicate in one run`);
      inOrderOfKeys(numbers);
      numbers.forEach((n) => all.add(n));
    }
    await weather.end();
    deepEqual(sorted(all), weather.fixture.expected, `seed ${seed}`);
  }
});

Deno.test("The histories above went from the archive into the stream", () => {
  ok(seen.archived > 5_000 && seen.live > 5_000 && seen.both > 20, JSON.stringify(seen));
  console.log(seen);
});
