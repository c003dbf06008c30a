import type { ClientShard, LedgerReport } from "../../../ledger/read_ledger.ts";
import type { SequenceNumber, ShardId, StartPosition } from "../../../base/record.ts";

/** What is known of a client's work on one shard. */
export interface StatsRow {
  readonly client: string;
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  readonly shardId: ShardId;
  /** The last record that is done; undefined while none is. */
  readonly sequenceNumber: SequenceNumber | undefined;
  /** When that was saved, or confirmed as the newest there is. */
  readonly updatedAt: Date | undefined;
  /** What `triton store` knows of the shard; undefined for shards that a consumer reads. */
  readonly ledger: Pick<ClientShard, "state" | "owner" | "leasedUntil" | "epoch"> | undefined;
  /** Where reading begins while there is no position. */
  readonly start: StartPosition | undefined;
  /** How many losses are recorded. */
  readonly gaps: number;
}

/** One row for each shard that has a position, an owner or a gap: by client, stream and shard. */
export function statsRows({ checkpoints, shards, gaps }: LedgerReport): StatsRow[] {
  const rows = new Map<string, StatsRow>();
  const merge = (place: Place, part: Partial<StatsRow>) => {
    const { client, stream, shardId } = place;
    const key = JSON.stringify([client, stream, shardId]);
    const row = rows.get(key) ?? { client, stream, shardId, ...NOTHING };
    rows.set(key, { ...row, ...part, gaps: row.gaps + (part.gaps ?? 0) });
  };
  for (const { sequenceNumber, updatedAt, ...place } of checkpoints) {
    merge(place, { sequenceNumber, updatedAt });
  }
  for (const { state, owner, leasedUntil, epoch, start, ...place } of shards) {
    merge(place, { ledger: { state, owner, leasedUntil, epoch }, start });
  }
  for (const gap of gaps) merge(gap, { gaps: 1 });
  return [...rows].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row);
}

type Place = Pick<StatsRow, "client" | "stream" | "shardId">;

const NOTHING = {
  sequenceNumber: undefined,
  updatedAt: undefined,
  ledger: undefined,
  start: undefined,
  gaps: 0,
};

/**
 * Seconds since a position was saved, both times cut to whole seconds as go-triton does: 0 where the
 * position is of a machine whose clock is ahead, undefined where the database has no real time.
 */
export function ageOf(updatedAt: Date | undefined, now: number): number | undefined {
  if (updatedAt === undefined || Number.isNaN(updatedAt.getTime())) return undefined;
  return Math.max(0, Math.floor(now / 1000) - Math.floor(updatedAt.getTime() / 1000));
}
