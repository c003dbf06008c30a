import { type Clock, systemClock } from "../base/clock.ts";
import type { SequenceNumber, ShardId } from "../base/record.ts";
import type { Checkpoint, Checkpointer } from "./checkpointer.ts";
import { checkClient, compareCheckpoints, toCheckpoint, unixSeconds } from "./rows.ts";

/** Options of {@linkcode MemoryCheckpointer}. */
export interface MemoryCheckpointerOptions {
  /** Name of the client. Default: `"memory"`. */
  readonly client?: string;
  /** Clock for the time of saving. Default: the system clock. */
  readonly clock?: Clock;
}

/** One saved position. */
interface Row {
  readonly client: string;
  readonly stream: string;
  readonly shard: string;
  readonly seq_num: SequenceNumber;
  readonly updated: number;
}

/**
 * Keeps positions in memory, for tests and for programs that always start from the beginning.
 *
 * Disposal changes nothing: a test can continue with what an earlier reader saved.
 *
 * @example Usage
 * ```ts
 * import { MemoryCheckpointer } from "@triton/triton/checkpoint";
 * import type { SequenceNumber, ShardId } from "@triton/triton";
 * import { equal } from "node:assert/strict";
 *
 * const checkpointer = new MemoryCheckpointer({ client: "billing" });
 * const shard = "shardId-000000000000" as ShardId;
 * await checkpointer.save("user_activity_prod", new Map([[shard, "42" as SequenceNumber]]));
 * equal(await checkpointer.load("user_activity_prod", shard), "42");
 * ```
 */
export class MemoryCheckpointer implements Checkpointer {
  /** Name of the client. */
  readonly client: string;
  readonly #clock: Clock;
  #rows = new Map<string, Row>();

  /**
   * Creates a checkpointer without positions.
   *
   * @param options Client and clock.
   * @throws {RangeError} If the client's name is empty, over 255 characters, or not printable.
   */
  constructor(options: Readonly<MemoryCheckpointerOptions> = {}) {
    this.client = checkClient(options.client ?? "memory");
    this.#clock = options.clock ?? systemClock;
  }

  /**
   * A checkpointer of another client on the same memory, like two clients of one database.
   *
   * @param client The other client's name.
   * @returns A checkpointer that shares the memory and the clock.
   */
  withClient(client: string): MemoryCheckpointer {
    const other = new MemoryCheckpointer({ client, clock: this.#clock });
    other.#rows = this.#rows;
    return other;
  }

  /** The saved position of a shard. Undefined if there is none. */
  load(stream: string, shardId: ShardId): Promise<SequenceNumber | undefined> {
    return Promise.resolve(this.#rows.get(this.#key(stream, shardId))?.seq_num);
  }

  /** Saves positions of one stream, all or none. */
  save(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): Promise<void> {
    const updated = unixSeconds(this.#clock);
    for (const [shard, seq_num] of positions) {
      const row = { client: this.client, stream, shard, seq_num, updated };
      this.#rows.set(this.#key(stream, shard), row);
    }
    return Promise.resolve();
  }

  /** The client's positions in one or all streams, ordered by stream and shard. */
  list(stream?: string): Promise<Checkpoint[]> {
    const rows = [...this.#rows.values()]
      .filter((row) => row.client === this.client)
      .filter((row) => stream === undefined || row.stream === stream);
    return Promise.resolve(
      rows.flatMap((row) => toCheckpoint(this.client, row)).sort(compareCheckpoints),
    );
  }

  /** Does nothing: the positions stay. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #key(stream: string, shard: string): string {
    return JSON.stringify([this.client, stream, shard]);
  }
}
