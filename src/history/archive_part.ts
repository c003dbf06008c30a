/**
 * The archived part of a history.
 *
 * @module
 */

import { EventChecker, type EventCheckOptions, namingKey } from "../archive/archive_record.ts";
import { compareEntries } from "../archive/archive_entry.ts";
import { retryingStore } from "../archive/retrying_store.ts";
import { readAhead } from "../archive/read_ahead.ts";
import type { Clock } from "../base/clock.ts";
import { eventsIn } from "../codec/tri/archive_events.ts";
import { readArchiveBlocks } from "../codec/tri/archive_reader.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { ArchiveRecord, SequenceNumber, ShardId } from "../base/record.ts";
import { ArchiveSurvey, type HistoryFile } from "./archive_survey.ts";
import { HistoryGapError, type OnGap } from "./history_error.ts";
import { HistoryProgress } from "./history_progress.ts";
import { type FilePlan, findMissing, planFiles, withoutUnprovableDone } from "./plan_files.ts";

/** What is read, and who is told of it. */
export interface ArchivePartOptions<T> extends EventCheckOptions<T> {
  /** The stream's name. */
  readonly stream: string;
  /** The client that wrote the archives, where there are several. */
  readonly client: string | undefined;
  /** The first moment of interest. */
  readonly from: Date;
  /** Where an earlier run has come to. */
  readonly checkpoints: ReadonlyMap<ShardId, SequenceNumber>;
  /** Time and chance. */
  readonly clock: Clock;
  /** The time that keys of archives go by, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Ends the reading. */
  readonly signal: AbortSignal;
  /** How often in a row a request is tried. */
  readonly maxAttempts: number | undefined;
  /** How much is fetched ahead. */
  readonly prefetch: { readonly files: number; readonly bytes: number };
  /** What becomes of a gap. */
  readonly onGap: OnGap;
  /** Asked by a run that goes on from another: whether files need not be read for being live yet. */
  readonly isInStream: (
    files: readonly HistoryFile[],
    progress: HistoryProgress,
  ) => Promise<boolean>;
  /** Told when a file was read to its end. */
  readonly onFile: () => Promise<void>;
}

/** The archive, read file by file in the order of each shard's records, until it has no more. */
export class ArchivePart<T> {
  /** How far each shard has been read. */
  readonly progress: HistoryProgress;
  /** The archive as far as it was seen. */
  readonly survey: ArchiveSurvey;
  readonly #store: ObjectStore;
  readonly #options: ArchivePartOptions<T>;
  readonly #checker: EventChecker<T>;
  /** Files that were found and not read yet. */
  #files: Set<HistoryFile> | undefined;

  /** Creates a part of which nothing has been read. */
  constructor(store: ObjectStore, options: ArchivePartOptions<T>) {
    this.#store = retryingStore(store, options);
    this.#options = options;
    this.#checker = new EventChecker(options);
    this.progress = new HistoryProgress(options.from, options.checkpoints);
    this.survey = new ArchiveSurvey(options);
  }

  /** How many events `onInvalid: "skip"` has passed over. */
  get skipped(): number {
    return this.#checker.skipped;
  }

  /** Yields the records; called again after an error, from the beginning of the file it was in. */
  async *read(): AsyncGenerator<ArchiveRecord<T>, void, undefined> {
    const { prefetch, signal, onFile } = this.#options;
    for (let files = await this.#plan(); files.length > 0; files = await this.#plan()) {
      const waiting = files.values();
      const entries = ReadableStream.from(files.map(({ entry }) => entry));
      for await (const buffer of readAhead(this.#store, entries, { ...prefetch, signal })) {
        const place = { key: buffer.entry.key, index: 0 };
        try {
          for await (const block of readArchiveBlocks(buffer)) {
            for (const event of eventsIn(block)) {
              signal.throwIfAborted();
              const checked = this.#checker.check(place, event);
              const record = checked instanceof Promise ? await checked : checked;
              place.index++;
              if (record !== undefined) yield record;
            }
          }
        } catch (error) {
          throw namingKey(place.key, error);
        }
        const file = waiting.next().value!;
        this.progress.pass(file);
        this.#files!.delete(file);
        await onFile();
      }
    }
  }

  /** Looks for new files, and decides which ones are read next; none when all has been read. */
  async #plan(): Promise<readonly HistoryFile[]> {
    for (;;) {
      const found = await this.#find();
      let plan = this.#order();
      if (this.#files!.size === 0 || await this.#isLiveYet()) return [];
      // A listing is no snapshot, but a file is put after the one before it: if a second listing has
      // not found that one either, it is not there.
      if (plan.held.length > 0 && found > 0) continue;
      while (plan.held.length > 0) {
        await this.#allow(plan);
        plan = this.#order();
      }
      return plan.ready;
    }
  }

  #order(): FilePlan {
    const files = [...this.#files!].sort((a, b) => compareEntries(a.entry, b.entry));
    const plan = planFiles(files, this.progress);
    this.#files = new Set([...plan.ready, ...plan.held]);
    return plan;
  }

  /** Looks for new files; returns how many there are. */
  async #find(): Promise<number> {
    const found = await this.survey.findNew(this.#store);
    const isFirst = this.#files === undefined;
    const files = isFirst ? withoutUnprovableDone(found, this.#options.checkpoints) : found;
    this.#files = new Set([...this.#files ?? [], ...files]);
    return found.length;
  }

  /** Whether a run that goes on from another can do so in the stream. */
  async #isLiveYet(): Promise<boolean> {
    const { checkpoints, isInStream } = this.#options;
    return checkpoints.size > 0 && await isInStream([...this.#files!], this.progress);
  }

  /**
   * Goes on after what is missing before one file: it is older than `from`, stands in a file that does
   * not say so, or is a gap.
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
      if (onGap === "throw") throw gap;
      await onGap(gap);
    }
    this.progress.allow(file, shardId);
  }
}
