import { Archiver, type ArchiverOptions, type ArchiverStatus } from "../../src/archiver/mod.ts";
import { MemoryLedger } from "../../src/ledger/memory_ledger.ts";
import { type Clock, VirtualClock } from "../../src/base/clock.ts";
import { decodeEvent, encodeEvent, readArchiveEvents, readManifest } from "../../src/codec/mod.ts";
import type { ArchiveManifest } from "../../src/codec/mod.ts";
import { MemoryKinesis } from "../../src/kinesis/mod.ts";
import { MemoryObjectStore } from "../../src/objects/memory/memory_object_store.ts";
import type { ShardId } from "../../src/base/record.ts";

/** The stream that the tests archive. */
export const STREAM = "clicks_prod";

const HOUR = 3_600_000;

/** One file of the archive, taken apart. */
export interface ReadFile {
  readonly key: string;
  readonly events: readonly number[];
  readonly manifest: ArchiveManifest;
}

/** A worker that runs, and how to stop it. */
export interface RunningWorker {
  /** Tells it to stop, and waits until it has; the clock advances by steps of so many milliseconds. */
  stop(stepMs?: number): Promise<void>;
  /** How it stands. */
  status(): ArchiverStatus;
  /** What came of it: settles when it has ended. */
  readonly done: Promise<void>;
}

/** Kinesis, object store, ledger and clock in memory, and workers on them. */
export class Fixture {
  readonly clock = new VirtualClock();
  readonly kinesis: MemoryKinesis;
  store = new MemoryObjectStore({ now: () => this.clock.now() });
  ledger = new MemoryLedger(STREAM, { clock: this.clock });
  readonly shards: readonly ShardId[];
  #next = 0;

  /** Creates a world with a stream; `Kinesis` is the kind of service. */
  constructor(shardCount = 1, Kinesis: typeof MemoryKinesis = MemoryKinesis) {
    this.kinesis = new Kinesis({ clock: this.clock });
    this.shards = this.kinesis.createStream(STREAM, shardCount);
  }

  /** Has the ledger go by another clock. */
  useLedgerOf(clock: Clock): void {
    this.ledger = new MemoryLedger(STREAM, { clock });
  }

  /** Puts so many events, numbered through, with so many different keys. */
  async put(count: number, keys = 16): Promise<void> {
    for (let index = 0; index < count; index++) {
      const data = encodeEvent({ number: this.#next });
      const partitionKey = `key${this.#next++ % keys}`;
      await this.kinesis.putRecords(STREAM, [{ partitionKey, data }]);
    }
  }

  /** Archives ten records, lets the stream drop ten more that nobody has read, and puts another ten. */
  async dropUnread(): Promise<void> {
    await this.put(10);
    const worker = this.start();
    await this.clock.advance(5_000);
    await worker.stop();
    await this.put(10);
    await this.clock.advance(25 * HOUR);
    await this.put(10);
  }

  /**
   * Starts a worker.
   *
   * @param options Its options.
   * @param machine The clock of its machine, if that is wrong.
   */
  start(options: ArchiverOptions = {}, machine: Clock = this.clock): RunningWorker {
    const { kinesis, store, ledger, clock } = this;
    const stop = new AbortController();
    const archiver = new Archiver({ kinesis, store, ledger, clock: machine }, options);
    const done = archiver.run(stop.signal);
    done.catch(() => {});
    const clockRuns = async (stepMs: number) => {
      let over = false;
      done.catch(() => {}).finally(() => over = true);
      while (!over) await clock.advance(stepMs);
      await done;
    };
    return {
      done,
      status: () => archiver.status(),
      stop: (stepMs = 1_000) => {
        stop.abort();
        return clockRuns(stepMs);
      },
    };
  }

  /** The files of the archive that hold anything, in the order of their keys. */
  async files(): Promise<ReadFile[]> {
    const files: ReadFile[] = [];
    for await (const { key, size } of this.store.list("2")) {
      const bytes = await (await this.store.get(key)).bytes();
      const search = readManifest(bytes, size);
      if (search.type !== "found") continue;
      const events: number[] = [];
      for await (const event of readArchiveEvents(bytes)) {
        events.push(decodeEvent(event).number as number);
      }
      files.push({ key, events, manifest: search.manifest });
    }
    return files;
  }

  /** The numbers of all archived events, sorted. */
  async archived(): Promise<number[]> {
    return (await this.files()).flatMap(({ events }) => events).sort((a, b) => a - b);
  }

  /** The numbers of all events that were put. */
  get expected(): number[] {
    return Array.from({ length: this.#next }, (_, number) => number);
  }
}
