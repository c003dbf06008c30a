import type { SequenceNumber, ShardId } from "../../base/record.ts";
import { compareText, parseColumn, toStart } from "../../shards/table/rows.ts";
import type { ArchiveIntent, ArchiveMove, IntendedRange, LedgerShard } from "../archive_ledger.ts";
import { toSequenceNumber } from "../../checkpoint/rows.ts";

/** A row of `triton_shard` with its checkpoint. PostgreSQL returns wide integers as text. */
export interface ShardRow {
  readonly shard: string;
  readonly parents: string;
  readonly start_at: string;
  readonly state: string;
  readonly owner: string | null;
  readonly epoch: number | string;
  readonly expires_ms: number | string;
  readonly seq_num: string | null;
  readonly started_ms: number | string;
  readonly updated: number | null;
}

export interface IntentRow {
  readonly id: string;
  readonly archive_key: string;
  readonly ranges: string;
  readonly store?: string | null;
}

export interface MoveRow {
  readonly shard: string;
  readonly after_seq: string;
  readonly from_store: string | null;
  readonly to_store: string;
  readonly moved_ms: number | string;
}

/** Time until which a shard is known to be archived. */
export function toKnownAt(row: Pick<ShardRow, "seq_num" | "started_ms" | "updated">): Date {
  const saved = toSequenceNumber(row.seq_num) !== undefined;
  return new Date(saved ? Number(row.updated) * 1000 : Number(row.started_ms));
}

export function toShard(row: ShardRow): LedgerShard {
  return {
    shardId: row.shard as ShardId,
    parents: parseColumn<ShardId[]>("parents", row.parents),
    start: toStart(row.start_at),
    state: row.state as LedgerShard["state"],
    owner: row.owner ?? undefined,
    leasedUntil: row.owner === null ? undefined : new Date(Number(row.expires_ms)),
    epoch: Number(row.epoch),
    checkpoint: toSequenceNumber(row.seq_num),
    knownAt: toKnownAt(row),
  };
}

export function toIntent(row: IntentRow): ArchiveIntent {
  const ranges = parseColumn<IntendedRange[]>("ranges", row.ranges);
  return {
    id: row.id,
    key: row.archive_key,
    ...(row.store && { store: row.store }),
    // JSON has no undefined.
    ranges: ranges.map(({ shardId, epoch, previous, last, knownAt }) => ({
      shardId,
      epoch,
      previous,
      last,
      ...(knownAt && { knownAt: new Date(knownAt) }),
    })),
  };
}

export function toMove(row: MoveRow): ArchiveMove {
  return {
    shardId: row.shard as ShardId,
    after: row.after_seq as SequenceNumber,
    from: row.from_store ?? undefined,
    to: row.to_store,
    movedAt: new Date(Number(row.moved_ms)),
  };
}

/** Compares moves by time and shard. */
export function compareMoves(a: ArchiveMove, b: ArchiveMove): number {
  return a.movedAt.getTime() - b.movedAt.getTime() || compareText(a.shardId, b.shardId);
}
