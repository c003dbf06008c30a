import { Archiver, type ArchiverOptions } from "../../../src/archiver/mod.ts";
import {
  type SharedWork,
  type SharedWorkOptions,
  shareWork,
} from "../../../src/archiver/shared/shared_work.ts";
import type { ShardId } from "../../../src/base/record.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import { ObjectStoreError } from "../../../src/base/errors.ts";
import { decodeEvent, encodeEvent, readArchiveEvents } from "../../../src/codec/mod.ts";
import {
  type GetRecordsOptions,
  MemoryKinesis,
  type RecordBatch,
} from "../../../src/kinesis/mod.ts";
import { MemoryLedger } from "../../../src/ledger/memory_ledger.ts";
import { MemoryObjectStore } from "../../../src/objects/memory/memory_object_store.ts";
import type { PutOptions } from "../../../src/objects/object_store.ts";

/** A bucket that can be made to fail. */
export class FailingStore extends MemoryObjectStore {
  isDown = false;
  /** How many puts of files are under way, and were at most. */
  running = 0;
  most = 0;
  readonly #clock: VirtualClock;
  /** How long a put takes. */
  putMs: number;

  constructor(clock: VirtualClock, putMs: number) {
    super({ now: () => clock.now() });
    this.#clock = clock;
    this.putMs = putMs;
  }

  override async put(
    key: string,
    body: Uint8Array | readonly Uint8Array[],
    options?: PutOptions,
  ): Promise<"created" | "exists"> {
    if (!key.startsWith("2")) return await super.put(key, body, options);
    this.most = Math.max(this.most, ++this.running);
    try {
      await this.#clock.sleep(this.putMs);
      if (!this.isDown) return await super.put(key, body, options);
      throw new ObjectStoreError(`Cannot put ${key}: down`, { code: "Down", retryable: true });
    } finally {
      this.running--;
    }
  }
}

/** A service whose answers take a while, and pass records on before they end, as over a network. */
class StreamingKinesis extends MemoryKinesis {
  readonly #clock: VirtualClock;
  readonly #answerMs: number;

  constructor(clock: VirtualClock, answerMs: number) {
    super({ clock });
    this.#clock = clock;
    this.#answerMs = answerMs;
  }

  override async getRecords(iterator: string, options: GetRecordsOptions): Promise<RecordBatch> {
    if (this.#answerMs > 0) await this.#clock.sleep(this.#answerMs, options.signal);
    const batch = await super.getRecords(iterator, options);
    if (batch.records.length > 0) await options.onRecords?.(batch);
    return { ...batch, records: [] };
  }
}

/** One stream of several that are archived in one process. */
export class HostedStream {
  readonly ledger: MemoryLedger;
  readonly store: FailingStore;
  readonly archiver: Archiver;
  readonly #stop = new AbortController();
  readonly #world: SharedWorld;
  #done: Promise<void> = Promise.resolve();
  /** The shards that are open. */
  #leaves: ShardId[];
  #next = 0;

  constructor(
    world: SharedWorld,
    readonly name: string,
    { store, shards = 1, putMs = 50, ...options }: StreamOptions,
  ) {
    const { clock, kinesis, shared } = this.#world = world;
    this.#leaves = kinesis.createStream(name, shards);
    this.ledger = new MemoryLedger(name, { clock });
    this.store = store ?? new FailingStore(clock, putMs);
    const services = { kinesis, store: this.store, ledger: this.ledger, clock, shared };
    this.archiver = new Archiver(services, options);
  }

  start(): this {
    this.#done = this.archiver.run(this.#stop.signal);
    this.#done.catch(() => {});
    return this;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    let isOver = false;
    this.#done.catch(() => {}).finally(() => isOver = true);
    while (!isOver) await this.#world.clock.advance(1_000);
    await this.#done;
  }

  /** Puts so many events, numbered through, of so many bytes; all with one key, if one is given. */
  async put(count: number, bytes = 100, key?: string): Promise<void> {
    const entries = Array.from({ length: count }, () => {
      const noise = Array.from({ length: bytes }, () => this.#world.clock.random() * 256);
      const number = this.#next++;
      const data = encodeEvent({ number, noise: Uint8Array.from(noise) });
      return { partitionKey: key ?? `key${number}`, data };
    });
    for (let at = 0; at < count; at += 500) {
      await this.#world.kinesis.putRecords(this.name, entries.slice(at, at + 500));
    }
  }

  /** Splits the oldest shard that is open. */
  split(): void {
    this.#leaves.push(...this.#world.kinesis.splitShard(this.name, this.#leaves.shift()!));
  }

  /** The numbers of all archived events, sorted. */
  async archived(): Promise<number[]> {
    const numbers: number[] = [];
    for await (const { key } of this.store.list("2")) {
      if (!key.includes(this.name)) continue;
      const bytes = await (await this.store.get(key)).bytes();
      for await (const event of readArchiveEvents(bytes)) {
        numbers.push(decodeEvent(event).number as number);
      }
    }
    return numbers.sort((a, b) => a - b);
  }

  /** The numbers of all events that were put. */
  get expected(): number[] {
    return Array.from({ length: this.#next }, (_, number) => number);
  }

  get buffered(): number {
    return this.archiver.status().memory.buffered;
  }
}

/** How a stream is archived. */
export interface StreamOptions extends Omit<ArchiverOptions, "shards"> {
  /** Default: one of its own. */
  readonly store?: FailingStore;
  readonly shards?: number;
  /** How long a put takes. */
  readonly putMs?: number;
}

/** Limits of a process, and how long Kinesis takes. */
export interface WorldOptions extends SharedWorkOptions {
  readonly kinesisMs?: number;
}

/** A process with several streams. */
export class SharedWorld {
  readonly clock: VirtualClock;
  readonly kinesis: MemoryKinesis;
  readonly shared: SharedWork;

  /** A request for records takes `kinesisMs`. */
  constructor({ kinesisMs = 0, ...limits }: WorldOptions, seed = 1) {
    const clock = this.clock = new VirtualClock({ seed });
    this.kinesis = new StreamingKinesis(clock, kinesisMs);
    this.shared = shareWork(limits);
  }

  add(name: string, options: StreamOptions = {}): HostedStream {
    return new HostedStream(this, name, options);
  }
}
