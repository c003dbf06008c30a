import type { Checkpointer } from "../checkpoint/checkpointer.ts";
import { type Clock, monotonicNow, systemClock } from "../base/clock.ts";
import { learnTime } from "../kinesis/learn_time.ts";
import { type KinesisApi, ServiceTime } from "../kinesis/mod.ts";
import type { EventData, ShardId, StreamRecord } from "../base/record.ts";
import { AutoCheckpoint, type AutoCheckpointOptions } from "./auto_checkpoint.ts";
import { type IdleOptions, IdleWatch } from "./idle.ts";
import { Positions } from "./positions.ts";
import { RecordChecker, type RecordCheckOptions } from "./record_checker.ts";
import { PartWatch } from "./watch/part_watch.ts";
import type { MonitoredOptions } from "../telemetry/program_monitor.ts";
import { readerGauges } from "./watch/reader_gauges.ts";
import { StreamFetcher, type StreamFetcherOptions } from "./stream_fetcher.ts";
import {
  earliestTime,
  type ShardStarts,
  startingBy,
  type StartPlan,
  type StreamStart,
  toStartPlan,
} from "../shards/stream_start.ts";

/** Options for {@linkcode StreamReader}. */
export interface StreamReaderOptions<T = EventData>
  extends
    StreamFetcherOptions,
    RecordCheckOptions<T>,
    IdleOptions,
    AutoCheckpointOptions,
    MonitoredOptions {
  /** Saves positions; without it, none are saved. */
  readonly checkpointer?: Checkpointer | undefined;
  /**
   * Where to start in shards without a checkpoint, in all of them or in each. Default: at the trim
   * horizon, so that nothing is missed that the stream still holds.
   *
   * With a checkpointer, `"latest"` or a time is saved once, before the first read: the earliest time
   * given here (at most now, by Kinesis' clock). After a restart, a shard without a checkpoint starts at
   * this time, or at an earlier one if given: records that arrived while the program was stopped are not
   * skipped. Without a checkpointer, `from` is evaluated on every start.
   */
  readonly from?: StreamStart | ShardStarts | undefined;
}

/** How many records of one shard are yielded before the next one's turn. */
const TURN = 100;

/**
 * Reads all shards of a live stream until it is disposed, its signal is aborted, or, with `idle`, it
 * has caught up.
 *
 * - Records are in order within each shard, and the shards take turns. After a split or a merge, a new
 *   shard is read from its oldest record once its parents have been read to their end.
 * - Positions are saved only by {@linkcode checkpoint} and `autoCheckpoint`. Records yielded since are
 *   read again after a restart (at least once, not exactly once).
 * - Records that the Kinesis Producer Library (KPL) has aggregated are yielded one by one, each with
 *   its own `partitionKey` and a `subSequenceNumber`; all have the sequence number of their Kinesis
 *   record. The position stays before that record until the last one in it was yielded, so the earlier
 *   ones are read again if the program stops in between.
 * - Fetching is ahead of reading by `maxBufferedBytes` and by one response per shard, as far as these
 *   fit into `budget` together (default: 32 MiB).
 * - Leaving the loop does not stop fetching; disposing does. Iterating again continues after the last
 *   record yielded.
 * - Fetching keeps the process alive only while a record is waited for. A program that has left the loop
 *   and has nothing else to do ends, also without disposing. Records that were fetched and not yielded
 *   are then read by the next run.
 * - An abort ends the iteration at once, without an error. Records that were fetched and not yielded
 *   are dropped, and read again from the checkpoint.
 *
 * @example Save positions automatically
 * ```ts
 * import { encodeEvent } from "@triton/triton/codec";
 * import { MemoryCheckpointer, MemoryKinesis, StreamReader } from "@triton/triton";
 * import { deepEqual } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks");
 * for (const n of [1, 2, 3]) {
 *   await kinesis.putRecords("clicks", [{ partitionKey: "a", data: encodeEvent({ n }) }]);
 * }
 * const checkpointer = new MemoryCheckpointer();
 * const seen: unknown[] = [];
 * for (let restarts = 0; restarts < 2; restarts++) {
 *   const autoCheckpoint = { every: 100, intervalMs: 5_000 };
 *   const options = { checkpointer, autoCheckpoint, idle: true };
 *   await using reader = new StreamReader(kinesis, "clicks", options);
 *   for await (const record of reader) {
 *     seen.push(record.data.n);
 *     if (seen.length === 2) break; // record 2 is not processed: it comes again
 *   }
 * }
 * deepEqual(seen, [1, 2, 2, 3]);
 * ```
 * @example Start each shard at its own position, and stop when everything was read
 * ```ts
 * import { encodeEvent } from "@triton/triton/codec";
 * import { MemoryKinesis, StreamReader } from "@triton/triton";
 * import { deepEqual } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * const [first] = kinesis.createStream("clicks", 2);
 * const put = (n: number) =>
 *   kinesis.putRecords("clicks", [{ partitionKey: `key ${n}`, data: encodeEvent({ n }) }]);
 * for (const n of [1, 2, 3, 4]) await put(n);
 * await using reader = new StreamReader(kinesis, "clicks", {
 *   from: { shards: { [first!]: "trim-horizon" }, otherwise: "latest" },
 *   idle: true,
 * });
 * const own = await Array.fromAsync(reader, (record) => record.shardId);
 * deepEqual([...new Set(own)], [first]);
 * ```
 * @example Usage
 * ```ts
 * import { MemoryKinesis } from "@triton/triton/kinesis";
 * import { MemoryCheckpointer } from "@triton/triton/checkpoint";
 * import { StreamReader } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * kinesis.createStream("clicks");
 * await kinesis.putRecords("clicks", [{ partitionKey: "a", data: new Uint8Array([0x80]) }]);
 * await using checkpointer = new MemoryCheckpointer();
 * await using reader = new StreamReader(kinesis, "clicks", { checkpointer });
 * for await (const record of reader) {
 *   equal(record.partitionKey, "a");
 *   await reader.checkpoint();
 *   break;
 * }
 * ```
 */
export class StreamReader<T = EventData>
  implements AsyncIterable<StreamRecord<T>>, AsyncDisposable {
  /** The stream's name. */
  readonly stream: string;
  readonly #options: StreamReaderOptions<T>;
  readonly #clock: Clock;
  readonly #kinesis: KinesisApi;
  readonly #time: ServiceTime;
  readonly #fetcher: StreamFetcher;
  readonly #positions: Positions;
  readonly #autoCheckpoint: AutoCheckpoint;
  readonly #checker: RecordChecker<T>;
  readonly #watch: PartWatch;
  #started: Promise<void> | undefined;
  #iterating = false;

  /**
   * Creates a reader. No request is sent before it is iterated.
   *
   * @param kinesis The service, which the caller closes.
   * @param stream The stream's name.
   * @param options Start, checkpointer, and how to read.
   * @throws {TypeError} If `autoCheckpoint` is set without a checkpointer.
   */
  constructor(kinesis: KinesisApi, stream: string, options: StreamReaderOptions<T> = {}) {
    this.stream = stream;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#kinesis = kinesis;
    this.#time = options.time ?? new ServiceTime(this.#clock);
    const { checkpointer, monitor } = options;
    const watch = new PartWatch({
      ...{ type: "reader", stream, client: checkpointer?.client, clock: this.#clock, monitor },
    });
    const running = { ...options, time: this.#time, onRetry: watch.onRetry(options.onRetry) };
    this.#watch = watch;
    this.#fetcher = new StreamFetcher({ kinesis, watch }, stream, running);
    this.#positions = new Positions(stream, { ...running, watch });
    this.#autoCheckpoint = new AutoCheckpoint(this.#positions, this.#clock, options);
    this.#checker = new RecordChecker(stream, options, watch);
  }

  /**
   * Yields records, in order within each shard.
   *
   * @throws {KinesisError} If the service refuses a request permanently.
   * @throws {CheckpointError} If the checkpointer does; with code `Group` if its client is a consumer
   * group of the stream.
   * @throws {InvalidStreamRecordError} If a record is not an event, or does not fit the schema, unless
   * `onInvalid` handles it.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<StreamRecord<T>, void, undefined> {
    if (this.#iterating) throw new TypeError("Cannot iterate a stream twice at the same time");
    this.#iterating = true;
    try {
      if (this.#positions.finish()) this.#autoCheckpoint.count();
      const idle = new IdleWatch(this.#fetcher, this.#clock, this.#options);
      this.#show();
      await this.#start();
      this.#watch.state = "running";
      while (this.#fetcher.isRunning) {
        let nothing = true;
        for (const queue of this.#fetcher.queues) {
          for (let turn = 0; turn < TURN; turn++) {
            const record = queue.peek();
            if (record === undefined) break;
            nothing = false;
            // A record that throws is delivered again.
            const event = await this.#checker.check(queue.shardId, record);
            if (!this.#fetcher.isRunning) return;
            const isWhole = queue.take();
            idle.record();
            if (isWhole) this.#positions.deliver(queue.shardId, record.sequenceNumber);
            if (event !== undefined) yield event;
            // Asking for the next record marks this one as processed.
            this.#positions.finish();
            this.#autoCheckpoint.count();
            if (!this.#fetcher.isRunning) return;
            if (this.#autoCheckpoint.isDue) await this.#autoCheckpoint.save(this.#fetcher.signal);
          }
          if (!queue.isDrained) continue;
          this.#fetcher.end(queue);
          await this.#autoCheckpoint.save(this.#fetcher.signal);
        }
        if (!nothing) continue;
        const isOver = idle.isOver;
        if (isOver || this.#autoCheckpoint.isDue) {
          await this.#autoCheckpoint.save(this.#fetcher.signal);
        } else await this.#fetcher.wait();
        if (isOver) return;
      }
    } catch (error) {
      this.#watch.failed(error);
      throw error;
    } finally {
      await this.#autoCheckpoint.leave();
      this.#iterating = false;
    }
  }

  /**
   * Saves the position of every record yielded so far, the current one included, for each shard that
   * has moved since the last time.
   *
   * When it returns, a restart continues after these records (in the middle of an aggregated one: at
   * its first). A database that is down is retried until it responds; after an abort of the signal, one
   * last attempt is made.
   *
   * @throws {CheckpointError} If the database refuses.
   * @throws {TypeError} If the reader has no checkpointer.
   */
  checkpoint(): Promise<void> {
    this.#positions.finish();
    return this.#positions.save();
  }

  /**
   * How far reading is behind the newest record, in milliseconds, in the shard that is furthest
   * behind. Undefined before the first response of every known shard.
   */
  get millisBehindLatest(): number | undefined {
    if (this.#started === undefined || this.#fetcher.waitingShards > 0) return undefined;
    const lags = this.#fetcher.queues.map((queue) => queue.millisBehindLatest);
    if (lags.length === 0 || lags.includes(undefined)) return undefined;
    return Math.max(...(lags as number[]));
  }

  /** How far reading is behind, in milliseconds, of each shard that is being read. */
  get millisBehindLatestByShard(): ReadonlyMap<ShardId, number> {
    const lags = new Map<ShardId, number>();
    for (const { shardId, millisBehindLatest } of this.#fetcher.queues) {
      if (millisBehindLatest !== undefined) lags.set(shardId, millisBehindLatest);
    }
    return lags;
  }

  /** How many records `onInvalid: "skip"` has skipped. */
  get skipped(): number {
    return this.#checker.skipped;
  }

  /**
   * Stops fetching. With `autoCheckpoint`, saves the processed records. Otherwise it does not
   * checkpoint: only the caller knows what is processed.
   *
   * @throws {CheckpointError} If the database refuses, or cannot be reached in one attempt.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fetcher.stop();
    this.#watch[Symbol.dispose]();
    await this.#autoCheckpoint.close();
  }

  /** Shows this reader to OpenTelemetry and to its monitor. */
  #show(): void {
    const details = () => ({
      ...this.#fetcher.details(monotonicNow(this.#clock)),
      savedAt: this.#positions.savedAt,
    });
    this.#watch.show(details, () => readerGauges(details()));
  }

  /** Starts once; a failed start is retried by the next iteration. */
  async #start(): Promise<void> {
    this.#started ??= this.#begin();
    try {
      await this.#started;
    } catch (error) {
      this.#started = undefined;
      if (!this.#fetcher.signal.aborted) throw error;
    }
  }

  async #begin(): Promise<void> {
    const begunAt = this.#time.monotonic();
    const checkpoints = await this.#positions.load(this.#fetcher.signal);
    const plan = await this.#writeStart(toStartPlan(this.#options.from), begunAt);
    await this.#fetcher.start({ checkpoints, ...plan });
    this.#fetcher.run(this.#autoCheckpoint.run(this.#fetcher.signal));
  }

  /** Saves when reading starts, or uses the time that an earlier run has saved. */
  async #writeStart(plan: StartPlan, begunAt: number): Promise<StartPlan> {
    const { signal } = this.#fetcher;
    let begun: Date | undefined;
    if (earliestTime(plan, new Date(0)) === undefined) return plan;
    const start = async () => {
      const request = { ...this.#options, signal };
      await learnTime(this.#kinesis, this.stream, this.#time, request);
      begun = this.#time.startAt(begunAt);
      return earliestTime(plan, begun)!;
    };
    const written = await this.#positions.writeStart(start, signal);
    // In the first run, too: the services may respond slowly, and no record must be missed meanwhile.
    const since = begun ?? written;
    return since === undefined ? plan : startingBy(plan, since);
  }
}
