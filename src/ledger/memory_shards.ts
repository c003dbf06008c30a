import type { Clock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import { MemoryLeases } from "../shards/table/memory_leases.ts";
import type { LedgerShard, NewStart } from "./archive_ledger.ts";

/** One shard's checkpoint. */
interface SavedPosition {
  readonly sequenceNumber: SequenceNumber;
  readonly savedAt: number;
}

/** Shards, leases, workers and checkpoints in memory. */
export class MemoryShards extends MemoryLeases {
  readonly #clock: Clock;
  readonly #saved = new Map<ShardId, SavedPosition>();

  constructor(stream: string, clock: Clock) {
    super(stream, clock);
    this.#clock = clock;
  }

  /** All shards, or those of a state, in order. */
  override list(state?: LedgerShard["state"]): LedgerShard[] {
    return super.list(state).map((shard) =>
      Object.assign(shard, {
        checkpoint: this.checkpoint(shard.shardId),
        knownAt: this.knownAt(shard.shardId),
      })
    );
  }

  checkpoints(): Map<ShardId, SequenceNumber> {
    return new Map([...this.#saved].map(([shardId, saved]) => [shardId, saved.sequenceNumber]));
  }

  /** The last record archived. */
  checkpoint(shardId: ShardId): SequenceNumber | undefined {
    return this.#saved.get(shardId)?.sequenceNumber;
  }

  /** Up to when a shard is known to be archived. */
  knownAt(shardId: ShardId): Date {
    return new Date(this.#saved.get(shardId)?.savedAt ?? this.row(shardId).startedAt);
  }

  save(shardId: ShardId, sequenceNumber: SequenceNumber, knownAt?: Date): void {
    const savedAt = knownAt?.getTime() ?? this.#clock.now();
    this.#saved.set(shardId, { sequenceNumber, savedAt });
  }

  /** Changes where the reading of a shard without a checkpoint begins. */
  setStart(shardId: ShardId, { start, knownAt }: NewStart): void {
    const row = this.row(shardId);
    this.#saved.delete(shardId);
    row.start = start;
    row.startedAt = knownAt?.getTime() ?? this.#clock.now();
  }
}
