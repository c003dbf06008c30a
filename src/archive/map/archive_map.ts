import type { ShardId } from "../../base/record.ts";
import type { GapAcceptance } from "../verify/gap_id.ts";

/**
 * What is wrong at a place of a map:
 * - `"missing"`: a file that must exist is not there;
 * - `"gap"`: records are in no file, because the stream dropped them or a person skipped them;
 * - `"damaged"`: a file cannot be read, or is not what it says;
 * - `"doubled"`: two files claim the same records;
 * - `"accepted"`: a gap or a missing file that a person accepted.
 */
export type MapMark = "missing" | "gap" | "damaged" | "doubled" | "accepted";

/** The marks, the worst first. */
export const MAP_MARKS: readonly MapMark[] = ["missing", "damaged", "gap", "doubled", "accepted"];

/** Amounts of what is archived. */
export interface MapAmounts {
  /** Number of files. In a cell, those whose last record arrived in its time. */
  readonly files: number;
  /** Number of events. */
  readonly events: number;
  /** Number of records that are not events. */
  readonly quarantined: number;
  /** Size of the files in bytes; of a file with several shards, each has its share by records. */
  readonly size: number;
}

/** What is archived of a shard in one slot of time. */
export interface MapCell extends MapAmounts {
  /** The slot, from 0, the map's first. */
  readonly slot: number;
  /** What is wrong there. */
  readonly marks: readonly MapMark[];
}

/** What is archived of one shard over time. */
export interface MapRow extends MapAmounts {
  /** The client that archived it; undefined if it is not one shard's. */
  readonly client: string | undefined;
  /**
   * The shard; undefined for all shards together, and for files without a manifest, such as
   * go-triton's, and damaged ones, which are in the last row.
   */
  readonly shardId: ShardId | undefined;
  /** When its first record arrived; undefined if no file of it is known. */
  readonly firstArrival: Date | undefined;
  /** When its last record arrived. */
  readonly lastArrival: Date | undefined;
  /** Whether its first record ever archived is among these: no file came before. */
  readonly isBegun: boolean;
  /** The slots that hold something, in order. */
  readonly cells: readonly MapCell[];
}

/** Shards that ended where others began: a split, a merge, or several at once. */
export interface Reshard {
  /** The client that archived them. */
  readonly client: string;
  /** When the first record of the children arrived, or the last one of the parents. */
  readonly at: Date;
  /** The shards that ended. */
  readonly parents: readonly ShardId[];
  /** The shards that began. */
  readonly children: readonly ShardId[];
  /**
   * How this is known: the database has the parents of each shard; without one, it is likely by the
   * times when shards fell silent and others began.
   */
  readonly source: "database" | "times";
}

/** Something that is wrong, and where. */
export interface MapFinding {
  /** What it is. */
  readonly mark: MapMark;
  /** The client, where it is about a shard. */
  readonly client: string | undefined;
  /** The shard; undefined where it is about a file. */
  readonly shardId: ShardId | undefined;
  /**
   * From when on: the last arrival before it, where that is known. Undefined if there is no file at all
   * to tell a time by.
   */
  readonly from: Date | undefined;
  /** Until when: the first arrival after it, where that is known. */
  readonly to: Date | undefined;
  /** Keys of the files around it. */
  readonly keys: readonly string[];
  /** What is wrong, in one sentence. */
  readonly message: string;
  /** ID of the gap, where it is one, as `verifyArchive` has it. */
  readonly id?: string | undefined;
  /** Set if the gap was accepted. */
  readonly accepted?: GapAcceptance | undefined;
  /** Why, such as `"retention"`, if the database recorded it when it happened. */
  readonly recorded?: string | undefined;
}

/** An archive over time: slots across, shards down. */
export interface ArchiveMap extends MapAmounts {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The first day that was asked for, as `YYYYMMDD`; undefined if it was the first that there is. */
  readonly from: string | undefined;
  /** The last day, as `YYYYMMDD`; undefined if it was the last that there is. */
  readonly to: string | undefined;
  /** When the first slot begins; undefined if there is no file. */
  readonly start: Date | undefined;
  /** How long a slot is, in milliseconds: an hour, a day, or more if there would be too many. */
  readonly slotMs: number;
  /** Number of slots. */
  readonly slots: number;
  /** Size of the events in bytes, uncompressed. */
  readonly bytes: number;
  /** How many files hold nothing, and only keep a key from being used. They are in no row. */
  readonly empty: number;
  /** How many files have no manifest. */
  readonly unprovable: number;
  /** All rows together; a file with records of several shards counts once. */
  readonly all: MapRow;
  /** Shards by client and ID; last, if there are any, files whose shards are not known. */
  readonly rows: readonly MapRow[];
  /** Where shards were split or merged, by time. */
  readonly reshards: readonly Reshard[];
  /** What is wrong, by time. */
  readonly findings: readonly MapFinding[];
}
