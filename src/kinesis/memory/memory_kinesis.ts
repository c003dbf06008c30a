import { type Clock, systemClock } from "../../base/clock.ts";
import type { ShardId } from "../../base/record.ts";
import type {
  GetRecordsOptions,
  KinesisApi,
  PutEntry,
  PutResult,
  RecordBatch,
  RequestOptions,
  Shard,
  StartPosition,
  StreamDescription,
  StreamSummary,
} from "../kinesis_api.ts";
import { type MemoryIterator, parseIterator, writeIterator } from "./memory_iterator.ts";
import { MemoryStream, refusal } from "./memory_stream.ts";
import {
  DEFAULT_MAX_RECORD_BYTES,
  entryBytes,
  faultOfEntry,
  MAX_PUT_BYTES,
  MAX_PUT_ENTRIES,
} from "../put_limits.ts";
import { RateLimit } from "./rate_limit.ts";

/** The operations that {@linkcode MemoryKinesisOptions.intercept} receives. */
export type KinesisOperation = keyof KinesisApi;

/** Options for {@linkcode MemoryKinesis}. */
export interface MemoryKinesisOptions {
  /** Clock of arrival times, expiry of iterators and retention. Default: the machine's. */
  readonly clock?: Clock;
  /**
   * Called for every request, before and after it takes effect. The request fails with the error that
   * it throws: before, nothing has happened; after, the request took effect and only the response is
   * lost. A promise delays the request.
   */
  readonly intercept?: (
    operation: KinesisOperation,
    args: readonly unknown[],
    phase: "before" | "after",
  ) => void | Promise<void>;
  /** Maximum number of GetRecords per second and shard, 5 on AWS. Default: no limit. */
  readonly readsPerSecond?: number;
  /** Maximum number of records put per second and shard, 1,000 on AWS. Default: no limit. */
  readonly putsPerSecond?: number;
  /** Maximum number of bytes of a record and its key, up to 10 MiB on AWS. Default: 1 MiB. */
  readonly maxRecordBytes?: number;
}

const ITERATOR_LIFE_MS = 300_000;

/**
 * Kinesis in memory: streams with real hash key ranges, sequence numbers of 56 digits that grow
 * but are not contiguous, iterators that expire, retention, splits and merges.
 *
 * It responds like the service, with the same `KinesisError` codes, and uses a clock, so that tests
 * control when iterators expire and records leave the stream.
 *
 * @example Usage
 * ```ts
 * import { MemoryKinesis } from "@triton/triton/kinesis";
 * import { equal } from "node:assert/strict";
 * const kinesis = new MemoryKinesis();
 * const [shardId] = kinesis.createStream("clicks", 1);
 * await kinesis.putRecords("clicks", [{ partitionKey: "a", data: new Uint8Array([0x80]) }]);
 * const iterator = await kinesis.getShardIterator(
 *   { stream: "clicks", shardId: shardId! },
 *   { type: "trim-horizon" },
 * );
 * equal((await kinesis.getRecords(iterator)).records.length, 1);
 * ```
 */
export class MemoryKinesis implements KinesisApi {
  readonly #clock: Clock;
  readonly #options: MemoryKinesisOptions;
  readonly #streams = new Map<string, MemoryStream>();
  readonly #reads: RateLimit;
  readonly #puts: RateLimit;

  /**
   * Creates a service without streams.
   *
   * @param options Clock, limits and faults.
   */
  constructor(options: MemoryKinesisOptions = {}) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#reads = new RateLimit(options.readsPerSecond);
    this.#puts = new RateLimit(options.putsPerSecond);
  }

  /**
   * Creates a stream, active at once.
   *
   * @param name Its name.
   * @param shardCount Number of shards, which share the hash keys evenly.
   * @param options `retentionHours` (default: 24) and `tags`.
   * @returns The shards' identifiers.
   */
  createStream(
    name: string,
    shardCount = 1,
    options: {
      readonly retentionHours?: number;
      readonly tags?: Readonly<Record<string, string>>;
    } = {},
  ): ShardId[] {
    if (!(Number.isInteger(shardCount) && shardCount > 0)) {
      throw new RangeError(`Cannot create stream "${name}" with ${shardCount} shards`);
    }
    if (this.#streams.has(name)) throw refusal("ResourceInUseException", `stream "${name}" exists`);
    const { retentionHours = 24, tags = {} } = options;
    const stream = new MemoryStream(name, shardCount, retentionHours, this.#clock);
    this.#streams.set(name, stream);
    this.setTags(name, tags);
    return stream.shards.map(({ id }) => id);
  }

  /**
   * Deletes a stream with all its records.
   *
   * @param name Its name.
   */
  deleteStream(name: string): void {
    this.#stream(name);
    this.#streams.delete(name);
  }

  /**
   * Sets how long a stream keeps its records.
   *
   * @param name Its name.
   * @param hours At least 24 on AWS; any number here.
   */
  setRetention(name: string, hours: number): void {
    this.#stream(name).retentionHours = hours;
  }

  /**
   * Replaces the tags of a stream.
   *
   * @param name Its name.
   * @param tags The new tags.
   */
  setTags(name: string, tags: Readonly<Record<string, string>>): void {
    this.#stream(name).tags = new Map(Object.entries(tags));
  }

  /**
   * Splits a shard in the middle of its hash keys.
   *
   * @param name The stream's name.
   * @param shardId The shard, which is closed.
   * @returns The two new shards.
   */
  splitShard(name: string, shardId: ShardId): ShardId[] {
    return this.#stream(name).split(shardId);
  }

  /**
   * Merges two neighbouring shards.
   *
   * @param name The stream's name.
   * @param shardId One shard, which is closed.
   * @param neighbourId The other, which is closed too.
   * @returns The new shard.
   */
  mergeShards(name: string, shardId: ShardId, neighbourId: ShardId): ShardId {
    return this.#stream(name).merge(shardId, neighbourId);
  }

  /** Lists all streams, by name. */
  async *listStreams(options: RequestOptions = {}): AsyncGenerator<StreamSummary> {
    const list = () => [...this.#streams.keys()].sort().map((name) => ({ name, status: "ACTIVE" }));
    yield* await this.#response("listStreams", [options], options.signal, list);
  }

  /** Lists the tags of a stream. */
  listTags(stream: string, options: RequestOptions = {}): Promise<Map<string, string>> {
    const list = () => new Map(this.#stream(stream).tags);
    return this.#response("listTags", [stream, options], options.signal, list);
  }

  /** Describes a stream. */
  describeStream(stream: string, options: RequestOptions = {}): Promise<StreamDescription> {
    const { maxRecordBytes } = this.#options;
    const describe = () => ({
      ...this.#stream(stream).description,
      ...(maxRecordBytes && { maxRecordBytes }),
      serverTime: new Date(this.#clock.now()),
    });
    return this.#response("describeStream", [stream, options], options.signal, describe);
  }

  /** Lists all shards that hold records or are open, in the order of their creation. */
  async *listShards(stream: string, options: RequestOptions = {}): AsyncGenerator<Shard> {
    const list = () => this.#stream(stream).shards.map(({ info }) => info);
    yield* await this.#response("listShards", [stream, options], options.signal, list);
  }

  /** Gets an iterator, which is valid for five minutes. */
  getShardIterator(
    shard: { readonly stream: string; readonly shardId: ShardId },
    position: StartPosition,
    options: RequestOptions = {},
  ): Promise<string> {
    const args = [shard, position, options];
    return this.#response("getShardIterator", args, options.signal, () => {
      const found = this.#stream(shard.stream).shard(shard.shardId);
      const now = this.#clock.now();
      if (position.type === "at-timestamp" && position.timestamp.getTime() > now) {
        throw refusal("InvalidArgumentException", "the timestamp lies in the future");
      }
      const after = found.numberBefore(position);
      if (after === undefined) {
        throw refusal("InvalidArgumentException", "the sequence number is not of this shard");
      }
      return writeIterator({ ...shard, issuedAt: now, after });
    });
  }

  /** Reads up to 10,000 records, or 10 MiB, at an iterator. */
  getRecords(iterator: string, options: GetRecordsOptions = {}): Promise<RecordBatch> {
    return this.#response("getRecords", [iterator, options], options.signal, () => {
      const parsed = parseIterator(iterator);
      if (parsed === undefined) throw refusal("InvalidArgumentException", "not an iterator");
      const { limit = 10_000 } = options;
      if (!(limit >= 1 && limit <= 10_000)) {
        throw refusal("InvalidArgumentException", `the limit is ${limit}, not 1 to 10,000`);
      }
      return this.#read(parsed, limit);
    });
  }

  /** Puts up to 500 records; those beyond `putsPerSecond` fail one by one. */
  putRecords(
    stream: string,
    entries: readonly PutEntry[],
    options: RequestOptions = {},
  ): Promise<PutResult[]> {
    return this.#response("putRecords", [stream, entries, options], options.signal, () => {
      const target = this.#stream(stream);
      this.#checkEntries(entries);
      return entries.map((entry) => this.#put(target, entry));
    });
  }

  async #response<T>(
    operation: KinesisOperation,
    args: readonly unknown[],
    signal: AbortSignal | undefined,
    act: () => T,
  ): Promise<T> {
    signal?.throwIfAborted();
    await this.#options.intercept?.(operation, args, "before");
    signal?.throwIfAborted();
    const result = act();
    await this.#options.intercept?.(operation, args, "after");
    return result;
  }

  #checkEntries(entries: readonly PutEntry[]): void {
    const { maxRecordBytes = DEFAULT_MAX_RECORD_BYTES } = this.#options;
    const refuse = (why: string) => refusal("InvalidArgumentException", why);
    if (entries.length < 1 || entries.length > MAX_PUT_ENTRIES) {
      throw refuse(`${entries.length} records, not 1 to ${MAX_PUT_ENTRIES}`);
    }
    for (const [index, entry] of entries.entries()) {
      const fault = faultOfEntry(entry, maxRecordBytes);
      if (fault !== undefined) throw refuse(`record ${index}: ${fault}`);
    }
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    if (bytes > Math.max(MAX_PUT_BYTES, maxRecordBytes)) throw refuse(`${bytes} bytes in all`);
  }

  #put(stream: MemoryStream, entry: PutEntry): PutResult {
    const shard = stream.shardFor(entry.partitionKey);
    if (!this.#puts.take(`${stream.description.name}/${shard.id}`, this.#clock.now())) {
      const message = `Rate exceeded for shard ${shard.id}`;
      return { ok: false, code: "ProvisionedThroughputExceededException", message };
    }
    return { ok: true, shardId: shard.id, sequenceNumber: stream.append(shard, entry) };
  }

  #read(iterator: MemoryIterator, limit: number): RecordBatch {
    const now = this.#clock.now();
    const { stream, shardId, issuedAt, after } = iterator;
    if (now - issuedAt > ITERATOR_LIFE_MS) {
      throw refusal("ExpiredIteratorException", "the iterator is older than five minutes");
    }
    const shard = this.#stream(stream).shard(shardId);
    if (!this.#reads.take(`${stream}/${shardId}`, now)) {
      throw refusal("ProvisionedThroughputExceededException", `rate exceeded for ${shardId}`);
    }
    const { records, more } = shard.read(after, limit);
    const last = records.at(-1);
    const next = { stream, shardId, issuedAt: now, after: last?.sequenceNumber ?? after };
    return {
      records,
      nextIterator: more || shard.isOpen ? writeIterator(next) : undefined,
      millisBehindLatest: more && last ? Math.max(1, now - last.arrivedAt.getTime()) : 0,
      serverTime: new Date(now),
    };
  }

  #stream(name: string): MemoryStream {
    const stream = this.#streams.get(name);
    if (stream === undefined) throw refusal("ResourceNotFoundException", `no stream "${name}"`);
    return stream;
  }
}
