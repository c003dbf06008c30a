import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../../base/record.ts";

/** Where the archive of a shard ended when the archive was moved to another object store. */
export interface RecordedMove {
  /** The client whose archive was moved. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record archived before the move. */
  readonly after: SequenceNumber;
  /** Identity of the store before; undefined if it was not known. */
  readonly from: string | undefined;
  /** Identity of the store since then. */
  readonly to: string;
}

/** Records of a shard that are in another store. */
export interface RangeElsewhere {
  /** The last record before them; undefined if they are the first. */
  readonly after: SequenceNumber | undefined;
  /** The last of them; undefined if all that follow are. */
  readonly upTo: SequenceNumber | undefined;
}

/**
 * The records of a shard that are in other stores than this one. A shard without a move had no record
 * archived before the last one of its client: all of it is where that led to.
 *
 * @param shard Whose records.
 * @param options Moves of all shards, in the order they were made, and the identity of this store.
 */
export function elsewhere(
  { client, shardId }: Pick<RecordedMove, "client" | "shardId">,
  { moves, here }: { readonly moves: readonly RecordedMove[]; readonly here: string },
): RangeElsewhere[] {
  const ofClient = moves.filter((move) => move.client === client);
  const ofShard = ofClient.filter((move) => move.shardId === shardId);
  if (ofShard.length > 0) return rangesElsewhere(ofShard, here);
  const hasLeft = ofClient.some((move) => isFrom(move, here)) && ofClient.at(-1)!.to !== here;
  return hasLeft ? [{ after: undefined, upTo: undefined }] : [];
}

function isFrom({ from, to }: RecordedMove, here: string): boolean {
  return from === here || (from === undefined && to !== here);
}

/**
 * The records of a shard that are in other stores than this one.
 *
 * @param moves Moves of one shard, in the order they were made.
 * @param here Identity of this store.
 * @returns None for a store that the archive was never in.
 */
export function rangesElsewhere(moves: readonly RecordedMove[], here: string): RangeElsewhere[] {
  if (!moves.some((move) => isFrom(move, here) || move.to === here)) return [];
  const ranges: RangeElsewhere[] = [];
  let away: { after: SequenceNumber | undefined } | undefined = isFrom(moves[0]!, here)
    ? undefined
    : { after: undefined };
  for (const move of moves) {
    if (isFrom(move, here)) {
      // Nothing was archived here since it came back: it was away all the time.
      const before = ranges.at(-1)?.upTo === move.after ? ranges.pop() : undefined;
      away = { after: before === undefined ? move.after : before.after };
    } else if (move.to === here && away !== undefined) {
      ranges.push({ after: away.after, upTo: move.after });
      away = undefined;
    }
  }
  return away === undefined ? ranges : [...ranges, { after: away.after, upTo: undefined }];
}

/**
 * The range that follows a record and holds another one.
 *
 * @param ranges Ranges of the shard.
 * @param end The last record in this store before the other one; undefined if there is none.
 */
export function rangeAfter(
  ranges: readonly RangeElsewhere[],
  end: SequenceNumber | undefined,
  sequenceNumber: SequenceNumber,
): RangeElsewhere | undefined {
  return ranges.find(({ after, upTo }) =>
    after === end && (upTo === undefined || compareSequenceNumbers(sequenceNumber, upTo) <= 0)
  );
}
