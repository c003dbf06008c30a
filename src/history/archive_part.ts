import { EventChecker, type EventCheckOptions } from "../archive/archive_record.ts";
import { compareEntries } from "../archive/archive_entry.ts";
import { readBlocks } from "../archive/file_blocks.ts";
import { retryingStore } from "../archive/retrying_store.ts";
import { readAhead } from "../archive/read_ahead.ts";
import type { ObjectStore } from "../archive/mod.ts";
import type { ArchiveRecord, SequenceNumber, ShardId } from "../base/record.ts";
import { HistoryGapError, type OnGap, reportGap } from "./history_error.ts";
import { type HistoryFile, HistoryFiles, type HistoryFilesOptions } from "./history_files.ts";
import { HistoryProgress } from "./history_progress.ts";
import { type FilePlan, findMissing, planFiles, withoutUnprovableDone } from "./plan_files.ts";

/** What is read, and how. */
export interface ArchivePartOptions<T> extends EventCheckOptions<T>, HistoryFilesOptions {
  /** The positions that an earlier run saved. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** How much is fetched ahead. */
  readonly prefetch: { readonly files: number; readonly bytes: number };
  /** What happens to a gap. Default: it is thrown. */
  readonly onGap?: OnGap | undefined;
  /** Whether the stream still holds all of these files. Called only after an earlier run. */
  readonly isInStream: (
    files: readonly HistoryFile[],
    progress: HistoryProgress,
  ) => Promise<boolean>;
  /** Called after a file was read to its end, with the number of its events. */
  readonly onFile: (records: number) => Promise<void>;
}

/** The archive, read file by file in the order of each shard's records, until it has no more. */
export class ArchivePart<T> {
  /** How far each shard has been read. */
  readonly progress: HistoryProgress;
  readonly files: HistoryFiles;
  readonly #store: ObjectStore;
  readonly #options: ArchivePartOptions<T>;
  readonly #checker: EventChecker<T>;
  /** Files that were found and not read yet. */
  #unread: Set<HistoryFile> | undefined;

  /** Creates a part of which nothing has been read. */
  constructor(store: ObjectStore, options: ArchivePartOptions<T>) {
    this.#store = retryingStore(store, options);
    this.#options = options;
    this.#checker = new EventChecker(options);
    this.progress = new HistoryProgress(options.from, options.checkpoints);
    this.files = new HistoryFiles(options);
  }

  /** Number of events that `onInvalid: "skip"` has skipped. */
  get skipped(): number {
    return this.#checker.skipped;
  }

  /** Yields the records; after an error, a second call starts with the file that failed. */
  async *read(): AsyncGenerator<ArchiveRecord<T>, void, undefined> {
    const { prefetch, signal, onFile } = this.#options;
    for (let files = await this.#plan(); files.length > 0; files = await this.#plan()) {
      const waiting = files.values();
      const entries = ReadableStream.from(files.map(({ entry }) => entry));
      for await (const buffer of readAhead(this.#store, entries, { ...prefetch, signal })) {
        const place = { key: buffer.entry.key, index: 0 };
        for await (const block of readBlocks(buffer)) {
          for (const checked of this.#checker.recordsIn(block, place, signal)) {
            const record = checked instanceof Promise ? await checked : checked;
            if (record !== undefined) yield record;
          }
        }
        const file = waiting.next().value!;
        this.progress.pass(file);
        this.#unread!.delete(file);
        await onFile(place.index);
      }
    }
  }

  /** Finds new files, and decides which ones are read next; none when all has been read. */
  async #plan(): Promise<readonly HistoryFile[]> {
    for (;;) {
      const found = await this.#find();
      let plan = this.#order();
      if (this.#unread!.size === 0 || await this.#isLiveYet()) return [];
      // A listing is no snapshot, but a file is put after its predecessor: if a second listing does not
      // show that one either, it does not exist.
      if (plan.held.length > 0 && found > 0) continue;
      while (plan.held.length > 0) {
        await this.#allow(plan);
        plan = this.#order();
      }
      return plan.ready;
    }
  }

  #order(): FilePlan {
    const files = [...this.#unread!].sort((a, b) => compareEntries(a.entry, b.entry));
    const plan = planFiles(files, this.progress);
    this.#unread = new Set([...plan.ready, ...plan.held]);
    return plan;
  }

  /** Finds new files; returns how many there are. */
  async #find(): Promise<number> {
    const found = await this.files.findNew(this.#store);
    const isFirst = this.#unread === undefined;
    const files = isFirst ? withoutUnprovableDone(found, this.#options.checkpoints) : found;
    this.#unread = new Set([...this.#unread ?? [], ...files]);
    return found.length;
  }

  /** Whether a run that continues an earlier one can read all it wants from the stream. */
  async #isLiveYet(): Promise<boolean> {
    const { checkpoints, isInStream } = this.#options;
    return checkpoints.size > 0 && await isInStream([...this.#unread!], this.progress);
  }

  /**
   * Continues although something is missing before one file: it is older than `from`, in a file
   * without a manifest, or a gap.
   */
  async #allow(plan: FilePlan): Promise<void> {
    const { stream, onGap } = this.#options;
    const { file, missing: [shardId, { previous, first }] } = findMissing(plan);
    const after = plan.ahead.provenEnd(shardId);
    if (after !== undefined) {
      const why = `archive "${file.entry.key}" ${
        previous === undefined
          ? `begins anew with record ${first}`
          : `follows on record ${previous}`
      }, and no file leads there (run "triton verify")`;
      const gap = new HistoryGapError(stream, { shardId, after, reason: "archive" }, why);
      await reportGap(gap, onGap);
    }
    this.progress.allow(file, shardId);
  }
}
