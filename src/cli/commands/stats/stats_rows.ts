import type { ClientShard, LedgerReport } from "../../../ledger/read_ledger.ts";
import type { SequenceNumber, ShardId, StartPosition } from "../../../base/record.ts";

/** What the database knows about one client and shard. */
export interface StatsRow {
  readonly client: string;
  readonly stream: string;
  readonly shardId: ShardId;
  /** The last processed record; undefined if there is none. */
  readonly sequenceNumber: SequenceNumber | undefined;
  /** When that was saved, or confirmed as the newest. */
  readonly updatedAt: Date | undefined;
  /** Its lease, in `triton store` or a group; undefined for shards that a consumer reads alone. */
  readonly ledger: Pick<ClientShard, "state" | "owner" | "leasedUntil" | "epoch"> | undefined;
  /** Whether the members of a group share the client's shards. */
  readonly isGroup: boolean;
  readonly start: StartPosition | undefined;
  readonly gaps: number;
}

/** One row for each shard with a position, an owner or a gap, ordered by client, stream and shard. */
export function statsRows({ checkpoints, shards, gaps, groups = [] }: LedgerReport): StatsRow[] {
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
  for (const { client, stream, shards } of groups) {
    for (const { position: sequenceNumber, knownAt, start, shardId, ...lease } of shards) {
      const updatedAt = sequenceNumber === undefined ? undefined : knownAt;
      const { state, owner, leasedUntil, epoch } = lease;
      const ledger = { state, owner, leasedUntil, epoch };
      const part = { sequenceNumber, updatedAt, ledger, start, isGroup: true };
      merge({ client, stream, shardId }, part);
    }
  }
  for (const gap of gaps) merge(gap, { gaps: 1 });
  return [...rows].sort(([a], [b]) => a < b ? -1 : 1).map(([, row]) => row);
}

type Place = Pick<StatsRow, "client" | "stream" | "shardId">;

const NOTHING = {
  sequenceNumber: undefined,
  updatedAt: undefined,
  ledger: undefined,
  isGroup: false,
  start: undefined,
  gaps: 0,
};

/**
 * Seconds since a position was saved, with both times truncated to whole seconds as in go-triton: 0
 * if the clock that saved it is ahead, undefined if the time in the database is invalid.
 */
export function ageOf(updatedAt: Date | undefined, now: number): number | undefined {
  if (updatedAt === undefined || Number.isNaN(updatedAt.getTime())) return undefined;
  return Math.max(0, Math.floor(now / 1000) - Math.floor(updatedAt.getTime() / 1000));
}
