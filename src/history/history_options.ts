import type { InvalidArchiveRecordError } from "../archive/archive_record.ts";
import { type ArchiveDate, parseDay, startOfDay } from "../archive/listing/days.ts";
import type { OnInvalid } from "../base/invalid_record.ts";
import type { InvalidStreamRecordError, KinesisApi, StreamReaderOptions } from "../stream/mod.ts";
import type { ObjectStore } from "../archive/mod.ts";
import type { ArchiveRecord, EventData, StreamRecord } from "../base/record.ts";
import type { OnGap } from "./history_error.ts";

/** One event: an archived one has a `key`, a live one a `shardId`. */
export type HistoryRecord<T = EventData> = ArchiveRecord<T> | StreamRecord<T>;

/** Options of {@linkcode HistoryReader}. */
export interface HistoryReaderOptions<T = EventData>
  extends Omit<StreamReaderOptions<T>, "from" | "onInvalid" | "onTrimmed"> {
  /**
   * The moment to begin at, or the day as `"YYYY-MM-DD"`, in UTC. An archive knows when the records
   * of a file arrived, not each: reading begins with the first file that holds a record from then or
   * later, so up to a file's worth of earlier ones come before. Files of other programs are taken
   * from the day of `from` on, and those created since `from`, whatever day their keys say.
   *
   * With a checkpointer it is written down before the first read, once. A later run with a later
   * `from`, such as "one day ago", begins where the first one did in shards in which it has no
   * position, so that nothing in between is missed; to begin anew, take another client.
   */
  readonly from: ArchiveDate;
  /** The client that wrote the archive. Required if there are several. */
  readonly client?: string | undefined;
  /** What happens to a record that does not fit the schema, or, in the stream, is not an event. */
  readonly onInvalid?:
    | OnInvalid<InvalidStreamRecordError | InvalidArchiveRecordError>
    | undefined;
  /** What happens where records may be missing. Default: reading throws. */
  readonly onGap?: OnGap | undefined;
  /** Attempts in a row of a request to the object store. Default: 8. */
  readonly maxAttempts?: number | undefined;
  /** Most files fetched at once. Default: 48. */
  readonly prefetchFiles?: number | undefined;
  /** Most bytes fetched ahead. Default: 32 MiB. */
  readonly prefetchBytes?: number | undefined;
}

/** Where a history comes from. */
export interface HistoryServices {
  /** The service with the stream. */
  readonly kinesis: KinesisApi;
  /** Where the archives are. */
  readonly store: ObjectStore;
}

/** Converts a day to its first moment. */
export function toMoment(from: ArchiveDate): Date {
  return from instanceof Date ? from : new Date(startOfDay(parseDay(from)));
}
