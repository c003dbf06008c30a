import { DAY_MS, HOUR_MS } from "../base/clock.ts";
import { TritonError } from "../base/errors.ts";
import type { ShardId } from "../base/record.ts";
import {
  type Checkpointer,
  descendantsOf,
  type KinesisApi,
  type Shard,
  type ShardStarts,
  StreamReader,
  type StreamState,
} from "../stream/mod.ts";
import type { HistoryFile, HistoryFiles } from "./history_files.ts";
import { HistoryGapError, reportGap } from "./history_error.ts";
import type { HistoryReaderOptions } from "./history_options.ts";
import type { HistoryProgress } from "./history_progress.ts";

/** What is known at the archive's end. */
interface ArchiveKnown {
  readonly stream: string;
  /** The first moment of interest. */
  readonly from: Date;
  readonly progress: HistoryProgress;
  readonly files: HistoryFiles;
  /** When an earlier run saved its position in each shard. */
  readonly savedAt: ReadonlyMap<ShardId, Date>;
}

/**
 * Opens the stream where its archive ends.
 *
 * @throws {HistoryGapError} If the stream has dropped what follows, and `onGap` does not say what to do.
 * @throws {TritonError} If files without a manifest may hold records that the stream still has.
 */
export async function openLivePart<T>(
  kinesis: KinesisApi,
  known: ArchiveKnown,
  state: StreamState,
  options: HistoryReaderOptions<T>,
): Promise<StreamReader<T>> {
  const { stream } = known;
  const { onGap, checkpointer } = options;
  const from = liveStarts(state, known);
  for (const gap of findLost(state, known)) await reportGap(gap, onGap);
  return new StreamReader(kinesis, stream, {
    ...options,
    onTrimmed: async ({ shardId, after }) => {
      const gap = { shardId, after, reason: "retention" } as const;
      const why = "the stream has dropped what followed";
      await reportGap(new HistoryGapError(stream, gap, why), onGap);
    },
    from,
    checkpointer: checkpointer && startingAfresh(checkpointer),
  });
}

/** A checkpointer that saves positions and returns none: the archive's end is where to begin. */
function startingAfresh(checkpointer: Checkpointer): Checkpointer {
  return {
    client: checkpointer.client,
    load: (stream, shardId) => checkpointer.load(stream, shardId),
    save: (stream, positions) => checkpointer.save(stream, positions),
    list: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/**
 * Decides where each shard begins: after its last archived record; where none is known that is not
 * too old, at the moment from which the history is read. Shards that have left the stream are left
 * out.
 *
 * @throws {TritonError} If files without a manifest may hold records that the stream still has.
 */
function liveStarts({ shards, horizon }: StreamState, known: ArchiveKnown): ShardStarts {
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
    `Cannot continue from the archive of "${stream}" with the stream: archive "${file.key}" has no ` +
      `manifest (another program wrote it), and no newer one tells where shard "${unknown.id}" ends`,
  );
}

/**
 * Finds the shards of which the stream may have dropped records before they were archived or read:
 * where the archive ends before the horizon, those in which no earlier run has read since. A shard
 * that has left the stream is among them if others come from it and a position in it was saved.
 */
function findLost({ shards, horizon }: StreamState, known: ArchiveKnown): HistoryGapError[] {
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
