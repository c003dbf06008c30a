import { TritonError } from "../base/errors.ts";
import type { ShardId } from "../base/record.ts";
import { descendantsOf, type Shard, type ShardStarts, type StreamState } from "../stream/mod.ts";
import type { HistoryFile, HistoryFiles } from "./history_files.ts";
import { HistoryGapError } from "./history_error.ts";
import type { HistoryProgress } from "./history_progress.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What is known at the archive's end. */
export interface ArchiveKnown {
  readonly stream: string;
  /** The first moment of interest. */
  readonly from: Date;
  readonly progress: HistoryProgress;
  readonly files: HistoryFiles;
  /** When an earlier run saved its position in each shard. */
  readonly savedAt: ReadonlyMap<ShardId, Date>;
}

/**
 * Decides where each shard begins: after its last archived record; where none is known that is not
 * too old, at the moment from which the history is read. Shards that have left the stream are left
 * out.
 *
 * @throws {TritonError} If files without a manifest may hold records that the stream still has.
 */
export function liveStarts({ shards, horizon }: StreamState, known: ArchiveKnown): ShardStarts {
  requireProvable(shards, horizon, known);
  const { progress: { positions }, from } = known;
  const starts = shards.flatMap(({ id }) => {
    const sequenceNumber = positions.get(id);
    return sequenceNumber === undefined ? [] : [[id, { type: "after", sequenceNumber }] as const];
  });
  return { shards: Object.fromEntries(starts), otherwise: from };
}

/**
 * Whether all that is wanted of certain files is still in the stream, and stays there for a while.
 */
export function isInStream(
  files: readonly HistoryFile[],
  progress: HistoryProgress,
  { horizon }: StreamState,
): boolean {
  return files.every((file) =>
    file.manifest !== undefined &&
    progress.wantedIn(file).every(([, { firstArrival }]) =>
      firstArrival.getTime() >= horizon + HOUR_MS
    )
  );
}

/** Where another program's files are newer than the horizon, newer ones must say what they hold. */
function requireProvable(
  shards: readonly Shard[],
  horizon: number,
  { stream, progress, files }: ArchiveKnown,
): void {
  const file = files.newestUnprovable;
  if (file === undefined || file.createdAt * 1_000 < horizon - DAY_MS) return;
  const known = progress.knownSince(file.createdAt);
  const descendants = descendantsOf(known, shards);
  const unknown = shards.find(({ id }) => !known.has(id) && !descendants.has(id));
  if (unknown === undefined) return;
  throw new TritonError(
    `Cannot go on from the archive of "${stream}" into the stream: archive "${file.key}" has no ` +
      `manifest (another program wrote it), and no newer one tells where shard "${unknown.id}" ends`,
  );
}

/**
 * Finds the shards of which the stream may have dropped records before they were archived or read:
 * where the archive ends before the horizon, those in which no earlier run has read since. A shard
 * that has left the stream is among them if others come from it and a position in it was saved.
 */
export function findLost({ shards, horizon }: StreamState, known: ArchiveKnown): HistoryGapError[] {
  const { stream, progress: { positions }, files, from, savedAt } = known;
  const until = new Date(Math.max(files.newestArrival?.getTime() ?? 0, from.getTime()));
  if (until.getTime() >= horizon) return [];
  const why = `nothing is archived that arrived after ${until.toISOString()}, and the stream ` +
    `holds nothing from before ${new Date(horizon).toISOString()}`;
  const left = shards.flatMap(({ parents }) => parents).filter((id) => savedAt.has(id));
  const lost = [...new Set([...left, ...shards.map(({ id }) => id)])]
    .filter((id) => (savedAt.get(id)?.getTime() ?? 0) < horizon);
  return lost.map((shardId) => {
    const gap = { shardId, after: positions.get(shardId), reason: "retention" } as const;
    return new HistoryGapError(stream, gap, why);
  });
}
