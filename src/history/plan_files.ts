import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../base/record.ts";
import type { HistoryFile } from "./history_files.ts";
import type { HistoryProgress, ShardEntry } from "./history_progress.ts";

/** Which files to read, and in which order. */
export interface FilePlan {
  /** The files that can be read, in order. */
  readonly ready: readonly HistoryFile[];
  /** The files that have to wait for others that are not among them. */
  readonly held: readonly HistoryFile[];
  /** How far each shard has been read after the files that can be. */
  readonly ahead: HistoryProgress;
}

/**
 * Puts files in the order in which they are read: that of their keys, but each file of a shard after
 * the one that it follows on, since the clocks of two writers differ. Passes over what is done, or
 * too old.
 *
 * @param files The files, in the order of their keys.
 * @param progress How far reading has come; files that are not needed are noted there.
 * @throws {TritonError} If a file repeats records that another one held.
 */
export function planFiles(files: readonly HistoryFile[], progress: HistoryProgress): FilePlan {
  const wanted = files.filter((file) => {
    const needed = progress.needs(file);
    if (!needed) progress.pass(file);
    return needed;
  });
  const ahead = progress.copy();
  const ready: HistoryFile[] = [];
  let held: readonly HistoryFile[] = wanted;
  for (let before = -1; before < ready.length;) {
    before = ready.length;
    held = held.filter((file) => {
      if (!ahead.needs(file)) return false;
      if (ahead.missingBefore(file).length > 0) return true;
      ahead.add(file);
      ready.push(file);
      return false;
    });
  }
  return { ready, held, ahead };
}

/**
 * Finds the first file that has to wait for one that is not there at all.
 *
 * @param plan A plan in which at least one file has to wait.
 * @returns The file, and the shard of which something is missing before it.
 */
export function findMissing(
  { held, ahead }: FilePlan,
): { readonly file: HistoryFile; readonly missing: ShardEntry } {
  const ends = new Set(
    held.flatMap(({ manifest }) =>
      [...manifest?.shards ?? []].map(([shardId, { last }]) => `${shardId} ${last}`)
    ),
  );
  const waits = held.flatMap((file) =>
    ahead.missingBefore(file).map((missing) => ({ file, missing }))
  );
  return waits.find(({ missing: [shardId, { previous }] }) =>
    !ends.has(`${shardId} ${previous}`)
  ) ??
    waits[0]!;
}

/**
 * Leaves out the files without a manifest that an earlier run has read: those before a file of which
 * it has read at least a part.
 *
 * @param files The files, in the order of their keys.
 * @returns The others.
 */
export function withoutUnprovableDone(
  files: readonly HistoryFile[],
  checkpoints: ReadonlyMap<ShardId, SequenceNumber>,
): HistoryFile[] {
  const done = files.findLastIndex(({ manifest }) =>
    [...manifest?.shards ?? []].some(([shardId, { first }]) => {
      const position = checkpoints.get(shardId);
      return position !== undefined && compareSequenceNumbers(first, position) <= 0;
    })
  );
  return files.filter(({ manifest }, index) => manifest !== undefined || index > done);
}
