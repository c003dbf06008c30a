import {
  type Checkpointer,
  type KinesisApi,
  StreamReader,
  type StreamState,
} from "../stream/mod.ts";
import { HistoryGapError, reportGap } from "./history_error.ts";
import type { HistoryReaderOptions } from "./history_options.ts";
import { type ArchiveKnown, findLost, liveStarts } from "./live_start.ts";

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
