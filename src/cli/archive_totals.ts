import type { ObjectStore } from "../objects/mod.ts";
import type { WholeArchiveSelection } from "../archive/mod.ts";
import type { Clock } from "../base/clock.ts";

/** How many archives there are, and their bytes. */
export interface ArchiveTotals {
  readonly files: number;
  readonly bytes: number;
}

/** Counts the archives of a selection, by listing them. */
export async function countArchives(
  store: ObjectStore,
  selection: WholeArchiveSelection & { readonly clock: Clock },
  signal: AbortSignal,
): Promise<ArchiveTotals> {
  const [{ listAllArchives }, { retryingStore }] = await Promise.all([
    import("../archive/listing/list_all_archives.ts"),
    import("../archive/retrying_store.ts"),
  ]);
  let [files, bytes] = [0, 0];
  const retrying = retryingStore(store, { clock: selection.clock, signal });
  for await (const { size } of listAllArchives(retrying, selection)) {
    files++;
    bytes += size;
  }
  return { files, bytes };
}
