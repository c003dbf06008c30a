import {
  ArchiverHost,
  type HostedOptions,
  type HostedStatus,
  type HostOptions,
  type HostServices,
} from "../../../src/archiver/mod.ts";
import { VirtualClock } from "../../../src/base/clock.ts";
import { decodeEvent, encodeEvent, readArchiveEvents } from "../../../src/codec/mod.ts";
import { MemoryKinesis } from "../../../src/kinesis/mod.ts";
import { type Ledgers, MemoryLedgers, type TableKey } from "../../../src/ledger/mod.ts";
import { MemoryObjectStore } from "../../../src/objects/memory/memory_object_store.ts";

/** A second and a minute, in milliseconds. */
export const [SECOND, MINUTE] = [1_000, 60_000];

/** A host that runs, and how to stop it. */
export interface RunningHost {
  readonly host: ArchiverHost;
  /** Settles when it has ended. */
  readonly done: Promise<void>;
  /** Tells it to stop, and waits until it has. */
  stop(): Promise<void>;
  /** The status of a stream. */
  stream(name: string): HostedStatus;
}

/** Streams, an object store, ledgers and a clock in memory, and hosts on them. */
export class HostFixture {
  readonly clock = new VirtualClock();
  readonly kinesis = new MemoryKinesis({ clock: this.clock });
  readonly store = new MemoryObjectStore({ now: () => this.clock.now() });
  /** The database. */
  ledgers: Ledgers = new MemoryLedgers({ clock: this.clock });
  readonly #put = new Map<string, number>();

  /** Creates streams, of two shards each. */
  constructor(...streams: string[]) {
    for (const stream of streams) this.kinesis.createStream(stream, 2);
  }

  /** Has the database forget all that it knows of a stream, as one that is set back. */
  forget(stream: string): void {
    const { ledgers, clock } = this;
    const others = new MemoryLedgers({ clock });
    const of = (key: TableKey) => (key.stream === stream ? others : ledgers).of(key);
    this.ledgers = {
      of,
      renew: (worker, keys, ttlMs) => Promise.all(keys.map((key) => of(key).renew(worker, ttlMs))),
      openShards: (keys) => Promise.all(keys.map((key) => of(key).shards("open"))),
      readGroups: (streams) => ledgers.readGroups(streams),
      [Symbol.asyncDispose]: () => ledgers[Symbol.asyncDispose](),
    };
  }

  /** Puts so many events, numbered through, into a stream. */
  async put(stream: string, count = 10): Promise<void> {
    for (let n = this.#put.get(stream) ?? 0; count > 0; count--, n++) {
      const data = encodeEvent({ n });
      await this.kinesis.putRecords(stream, [{ partitionKey: `key${n}`, data }]);
      this.#put.set(stream, n + 1);
    }
  }

  /** How a stream is hosted. */
  options(options: Partial<HostedOptions> = {}): HostedOptions {
    const { kinesis, store } = this;
    return { client: "store", kinesis, store, rotateMs: 20 * SECOND, ...options };
  }

  /** A host of these streams. */
  host(
    streams: readonly string[],
    options: HostOptions = {},
    ledgers: HostServices["ledgers"] = this.ledgers,
  ): ArchiverHost {
    const host = new ArchiverHost({ ledgers, clock: this.clock }, options);
    for (const stream of streams) host.add(stream, this.options());
    return host;
  }

  /** Runs a host. */
  run(host: ArchiverHost): RunningHost {
    const stop = new AbortController();
    const done = host.run(stop.signal);
    done.catch(() => {});
    return {
      host,
      done,
      stop: () => {
        stop.abort();
        return this.until(done);
      },
      stream: (name) => host.status().streams.find(({ stream }) => stream === name)!,
    };
  }

  /** Waits for a promise while the clock runs. */
  async until(promise: Promise<void>): Promise<void> {
    let isOver = false;
    promise.catch(() => {}).finally(() => isOver = true);
    while (!isOver) await this.clock.advance(SECOND);
    await promise;
  }

  /** Who has the shards of a stream. */
  async owners(stream: string): Promise<(string | undefined)[]> {
    const shards = await this.ledgers.of({ stream, client: "store" }).shards();
    return shards.map(({ owner }) => owner);
  }

  /** The numbers of the archived events of a stream, sorted. */
  async archived(stream: string): Promise<number[]> {
    const numbers: number[] = [];
    for await (const { key } of this.store.list("2")) {
      if (!key.slice(9).startsWith(`${stream}-`)) continue;
      const bytes = await (await this.store.get(key)).bytes();
      for await (const event of readArchiveEvents(bytes)) {
        numbers.push(decodeEvent(event).n as number);
      }
    }
    return numbers.sort((a, b) => a - b);
  }

  /** The numbers of all events that were put into a stream. */
  expected(stream: string): number[] {
    return Array.from({ length: this.#put.get(stream) ?? 0 }, (_, n) => n);
  }
}
