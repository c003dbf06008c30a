import { getLogger } from "@logtape/logtape";
import type { SequenceNumber, ShardId } from "../base/record.ts";

const log = getLogger(["triton", "checkpoint"]);

/** What may be saved of a shard by this checkpointer: what was sent last, and before without an answer. */
interface Own {
  possible: Set<SequenceNumber>;
  /** Whether something was saved, so that nothing else should be there. */
  isKnown: boolean;
}

/** Notices that somebody else saves positions of the same client. */
export class OwnPositions {
  readonly #client: string;
  readonly #own = new Map<string, Own>();
  /** Streams of which that was logged. */
  readonly #logged = new Set<string>();

  constructor(client: string) {
    this.#client = client;
  }

  /** Notes what is about to be saved. */
  send(stream: string, positions: ReadonlyMap<ShardId, SequenceNumber>): void {
    for (const [shardId, last] of positions) {
      const key = JSON.stringify([stream, shardId]);
      const { possible, isKnown } = this.#own.get(key) ??
        { possible: new Set<SequenceNumber>(), isKnown: false };
      this.#own.set(key, { possible: possible.add(last), isKnown });
    }
  }

  /**
   * Notes that what was sent is saved, and logs a position in its place that was not saved here.
   *
   * @param positions What was sent.
   * @param before The positions that were there before.
   */
  saved(
    stream: string,
    positions: ReadonlyMap<ShardId, SequenceNumber>,
    before: ReadonlyMap<ShardId, SequenceNumber | undefined>,
  ): void {
    for (const [shardId, last] of positions) {
      const key = JSON.stringify([stream, shardId]);
      const { possible, isKnown } = this.#own.get(key)!;
      const found = before.get(shardId);
      this.#own.set(key, { possible: new Set([last]), isKnown: true });
      if (isKnown && found !== undefined && !possible.has(found)) this.#warn(stream, shardId);
    }
  }

  #warn(stream: string, shardId: ShardId): void {
    if (this.#logged.has(stream)) return;
    this.#logged.add(stream);
    log.warn(
      "The position of {shardId} in {stream} was moved by another reader of client {client}, or by " +
        "hand: readers of one client overwrite each other's positions, and each reads everything; " +
        "openGroup() shares the stream between them",
      { event: "position.overwritten", stream, client: this.#client, shardId },
    );
  }
}
