/**
 * The shards of a stream, listed and written into a lease table.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { type Clock, DAY_MS, HOUR_MS, monotonicNow } from "../base/clock.ts";
import type { ShardId, StartPosition } from "../base/record.ts";
import {
  type RetryEvent,
  retryService,
  type RetryServiceOptions,
  workerLog,
} from "../base/retry.ts";
import {
  type KinesisApi,
  listAllShards,
  type ServiceTime,
  type Shard,
  type StreamDescription,
} from "../kinesis/mod.ts";
import type { LeaseTable, NewShard, TableShard } from "./table/lease_table.ts";
import {
  asChildren,
  familyOf,
  type KnownShards,
  missingParents,
  planFirstShards,
  withAncestors,
} from "./new_shards.ts";
import type { ShardMonitor } from "./shard_monitor.ts";

/** No stream keeps its records for less than a day. */
const LEAST_RETENTION_MS = DAY_MS;

/** Services for {@linkcode StreamShards}. */
export interface StreamShardsServices extends RetryServiceOptions {
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** The time by Kinesis' clock. */
  readonly time: ServiceTime;
  /** The service. */
  readonly kinesis: Pick<KinesisApi, "describeStream" | "listShards">;
  /** The table of shards. */
  readonly table: LeaseTable;
  /** Receives gaps, answers and failures. */
  readonly monitor?: ShardMonitor | undefined;
}

/** Options of {@linkcode StreamShards}. */
export interface StreamShardsOptions {
  /** Where to begin shards that nothing is known of. */
  readonly from: Exclude<StartPosition, { readonly type: "after" }>;
  /** Shards that are assigned to this worker: logged if the stream does not have them. */
  readonly pinned?: ReadonlySet<ShardId> | undefined;
}

/** The shards of a stream, as Kinesis lists them, and what is written into the table. */
export class StreamShards {
  readonly #services: StreamShardsServices;
  readonly #options: StreamShardsOptions;
  /** Assigned shards that were logged as missing. */
  readonly #missing = new Set<ShardId>();
  readonly #log: Logger;
  #retentionMs = Infinity;
  #ended = 0;
  #createdAt: Date | undefined;
  #listedAt: number | undefined;
  /** When this began: what arrives later is wanted, however long the services take to answer. */
  readonly #begunAt: number;

  /**
   * Creates shards that are not listed yet.
   *
   * @param services Kinesis, the table, and how to retry.
   * @param options Where to begin, and which shards to look for.
   */
  constructor(services: StreamShardsServices, options: StreamShardsOptions) {
    this.#begunAt = services.time.monotonic();
    this.#services = services;
    this.#options = options;
    this.#log = workerLog(services);
  }

  /** How long the stream keeps a record, in milliseconds. */
  get retentionMs(): number {
    return this.#retentionMs;
  }

  /** When the stream was created, as the table has it; undefined before {@linkcode refresh}. */
  get createdAt(): Date | undefined {
    return this.#createdAt;
  }

  /** How many shards of the table had ended when the shards were last listed. */
  get ended(): number {
    return this.#ended;
  }

  /** When the shards were last listed, in monotonic time; undefined if they were not. */
  get listedAt(): number | undefined {
    return this.#listedAt;
  }

  /**
   * Lists the shards, and adds those that the table does not have.
   *
   * @param stream The description of the stream. Default: it is requested.
   * @throws {CheckpointError} With code `StreamRecreated` if it is another stream than before.
   */
  async refresh(stream?: StreamDescription): Promise<void> {
    await this.#identify(stream);
    const listed = await this.#list();
    // Also those that have ended: the stream lists them until its retention is over.
    const shards = await this.#ask((table) => table.shards());
    const known = toKnown(shards);
    if (known.size > 0) {
      const added = listed.filter(({ id }) => !known.has(id));
      await this.#addChildren(withAncestors(added, listed), known);
    } else if (!await this.#addFirst(listed)) {
      // Another worker was faster; what was made since its listing begins with the oldest record.
      return await this.refresh();
    }
    this.#warnOfMissing(known, listed);
    this.#ended = shards.filter(({ state }) => state === "ended").length;
    this.#listedAt = monotonicNow(this.#services.clock);
  }

  /** The shards that follow one that was closed, and those that they come from besides. */
  async childrenOf(shardId: ShardId): Promise<NewShard[]> {
    const family = familyOf(shardId, await this.#list());
    return await this.#asChildren(family, toKnown(await this.#ask((table) => table.shards())));
  }

  /** Whether a shard is no longer part of the stream, while the stream is there. */
  async hasLeft(shardId: ShardId): Promise<boolean> {
    await this.#identify();
    return (await this.#list()).every(({ id }) => id !== shardId);
  }

  /**
   * Whether the stream may have dropped a record of some age; one of exactly the retention is kept.
   *
   * @param ageMs The age, in milliseconds.
   */
  async mayHaveDropped(ageMs: number): Promise<boolean> {
    if (ageMs <= Math.min(LEAST_RETENTION_MS, this.#retentionMs)) return false;
    // The retention may have been shortened since the shards were listed.
    if (this.#retentionMs > LEAST_RETENTION_MS) await this.describe();
    return ageMs > this.#retentionMs;
  }

  async #identify(stream?: StreamDescription): Promise<void> {
    const { createdAt } = stream ?? await this.describe();
    await this.#ask((table) => table.identify(createdAt));
    this.#createdAt = createdAt;
  }

  /** Requests the description of the stream, which has its retention. */
  async describe(): Promise<StreamDescription> {
    const { kinesis, table, time } = this.#services;
    const describe = () => time.of(() => kinesis.describeStream(table.stream));
    const stream = await retryService("Kinesis", this.#services, describe);
    this.#retentionMs = stream.retentionHours * HOUR_MS;
    return stream;
  }

  #list(): Promise<Shard[]> {
    const { kinesis, table, clock, signal, monitor } = this.#services;
    const onRetry = ({ error }: RetryEvent) => monitor?.retried("Kinesis", error);
    return listAllShards(kinesis, table.stream, { clock, signal, onRetry });
  }

  #ask<T>(request: (table: LeaseTable) => Promise<T>): Promise<T> {
    return retryService("ledger", this.#services, () => request(this.#services.table));
  }

  /** An assigned shard that does not exist may be a mistake, or come with a later split. */
  #warnOfMissing(known: KnownShards, listed: readonly Shard[]): void {
    const found = new Set([...known.keys(), ...listed.map(({ id }) => id)]);
    for (const shardId of this.#options.pinned ?? []) {
      if (found.has(shardId) || this.#missing.has(shardId)) continue;
      this.#missing.add(shardId);
      this.#log.warn("Nothing is archived of shard {shardId}: stream {stream} has no such shard", {
        event: "shard.missing",
        stream: this.#services.table.stream,
        shardId,
      });
    }
  }

  /** Adds the shards of a stream of which the table has none; false if it has some by now. */
  async #addFirst(listed: readonly Shard[]): Promise<boolean> {
    const { time } = this.#services;
    const checkpoints = await this.#ask((table) => table.checkpoints());
    const { first, children } = planFirstShards(listed, {
      ...{ checkpoints, from: this.#options.from },
      ...{ begun: time.startAt(this.#begunAt), now: time.now() },
    });
    if (!await this.#ask((table) => table.addFirstShards(first))) return false;
    if (children.length > 0) {
      await this.#addChildren(children, toKnown(await this.#ask((table) => table.shards())));
    }
    return true;
  }

  async #addChildren(shards: readonly Shard[], known: KnownShards): Promise<void> {
    const added = await this.#asChildren(shards, known);
    if (added.length > 0) await this.#ask((table) => table.addShards(added));
  }

  async #asChildren(shards: readonly Shard[], known: KnownShards): Promise<NewShard[]> {
    for (const parent of missingParents(shards, known)) await this.#recordMissing(parent);
    return asChildren(shards, known);
  }

  /** Records a shard that left the stream between two listings. */
  async #recordMissing(shardId: ShardId): Promise<void> {
    const { table: { stream }, time, monitor } = this.#services;
    const recordedAt = new Date(time.now());
    const gap = {
      ...{ stream, shardId, after: undefined, until: undefined },
      ...{ reason: "expired", recordedAt },
    };
    await this.#ask((table) => table.recordGap(gap));
    monitor?.gap(shardId, gap.reason);
    this.#log.error("Records of {shardId} may be lost: it has left the stream before it was read", {
      event: "records.lost",
      stream,
      shardId,
      reason: gap.reason,
    });
  }
}

function toKnown(shards: readonly TableShard[]): KnownShards {
  return new Map(shards.map(({ shardId, knownAt }) => [shardId, knownAt ?? new Date(0)]));
}
