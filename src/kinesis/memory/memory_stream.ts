import { createHash } from "node:crypto";
import { type Clock, HOUR_MS } from "../../base/clock.ts";
import { KinesisError } from "../../base/errors.ts";
import type { SequenceNumber, ShardId } from "../../base/record.ts";
import type { PutEntry, StreamDescription } from "../kinesis_api.ts";
import { MemoryShard } from "./memory_shard.ts";

/** One stream: its shards, including closed ones while they hold records. */
export class MemoryStream {
  /** How long records are kept, in hours. */
  retentionHours: number;
  tags: ReadonlyMap<string, string> = new Map();
  readonly #name: string;
  readonly #clock: Clock;
  readonly #createdAt: number;
  readonly #shards = new Map<ShardId, MemoryShard>();
  #shardCount = 0;
  #counter = 1n;

  /** Creates a stream whose shards share the hash keys evenly. */
  constructor(name: string, shardCount: number, retentionHours: number, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
    this.#createdAt = clock.now();
    this.retentionHours = retentionHours;
    const bound = (index: number) => HASH_KEYS * BigInt(index) / BigInt(shardCount);
    for (let i = 0; i < shardCount; i++) this.#add(bound(i), bound(i + 1) - 1n);
  }

  get description(): StreamDescription {
    return {
      name: this.#name,
      status: "ACTIVE",
      createdAt: new Date(this.#createdAt),
      retentionHours: this.retentionHours,
    };
  }

  /** The shards that are open or still hold records, in the order of their creation. */
  get shards(): readonly MemoryShard[] {
    return [...this.#shards.values()].filter((shard) => this.#trim(shard));
  }

  shard(id: ShardId): MemoryShard {
    const shard = this.#shards.get(id);
    if (shard !== undefined && this.#trim(shard)) return shard;
    throw refusal("ResourceNotFoundException", `no shard "${id}" in stream "${this.#name}"`);
  }

  shardFor(partitionKey: string): MemoryShard {
    const hashKey = hashKeyOf(partitionKey);
    return this.#shards.values().find((shard) => shard.isOpen && shard.holds(hashKey))!;
  }

  append(shard: MemoryShard, entry: PutEntry): SequenceNumber {
    this.#counter += 1n + BigInt(Math.floor(this.#clock.random() * 4));
    return shard.append(entry, this.#counter, this.#clock.now());
  }

  /** Closes a shard and opens one for each half of its hash keys. */
  split(id: ShardId): ShardId[] {
    const shard = this.#openShard(id);
    const { firstHashKey, lastHashKey } = shard.options;
    const middle = (firstHashKey + lastHashKey) / 2n + 1n;
    shard.close(this.#clock.now());
    return [this.#add(firstHashKey, middle - 1n, [id]), this.#add(middle, lastHashKey, [id])];
  }

  /** Closes two neighbours and replaces them by one shard. */
  merge(id: ShardId, neighbourId: ShardId): ShardId {
    const shards = [this.#openShard(id), this.#openShard(neighbourId)];
    const [low, high] = shards
      .map(({ options }) => options)
      .sort((a, b) => a.firstHashKey < b.firstHashKey ? -1 : 1);
    if (low!.lastHashKey + 1n !== high!.firstHashKey) {
      throw refusal("InvalidArgumentException", `"${id}" and "${neighbourId}" do not adjoin`);
    }
    for (const shard of shards) shard.close(this.#clock.now());
    return this.#add(low!.firstHashKey, high!.lastHashKey, [id, neighbourId]);
  }

  #add(firstHashKey: bigint, lastHashKey: bigint, parents: readonly ShardId[] = []): ShardId {
    const createdAt = this.#clock.now();
    const index = this.#shardCount++;
    const shard = new MemoryShard({ index, parents, firstHashKey, lastHashKey, createdAt });
    this.#shards.set(shard.id, shard);
    return shard.id;
  }

  #openShard(id: ShardId): MemoryShard {
    const shard = this.shard(id);
    if (!shard.isOpen) throw refusal("InvalidArgumentException", `shard "${id}" is closed`);
    return shard;
  }

  /** Drops records older than the retention, and a closed shard without records: then it is false. */
  #trim(shard: MemoryShard): boolean {
    const horizon = this.#clock.now() - this.retentionHours * HOUR_MS;
    const isOver = shard.trim(horizon);
    if (isOver) this.#shards.delete(shard.id);
    return !isOver;
  }
}

/** An error with a code of the service. */
export function refusal(code: string, why: string): KinesisError {
  const retryable = code === "ProvisionedThroughputExceededException";
  return new KinesisError(`Cannot serve the request: ${why}`, { code, retryable });
}

/** How many hash keys there are: they go from 0 to this number less one. */
export const HASH_KEYS = 2n ** 128n;

/**
 * Hashes a partition key as Kinesis does: the MD5 of its UTF-8 bytes, as a number of 128 bits.
 *
 * @returns The hash key; the record goes to the open shard whose range holds it.
 */
export function hashKeyOf(partitionKey: string): bigint {
  return BigInt("0x" + createHash("md5").update(partitionKey, "utf8").digest("hex"));
}
