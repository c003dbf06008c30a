import { CheckpointError } from "../base/errors.ts";

/** What a client may be besides a plain reader. */
export interface OtherUse {
  /** The code of the error. */
  readonly code: "Archiver" | "Group";
  /** The table that then has a row of its client and stream. */
  readonly table: string;
  /** The error for a plain reader of that name. */
  readonly error: (client: string, stream: string) => CheckpointError;
}

/** A consumer must move neither the positions of an archiver nor those of a group. */
export const OTHER_USES: readonly OtherUse[] = [
  { code: "Archiver", table: "triton_shard", error: archiverError },
  { code: "Group", table: "triton_group", error: groupError },
];

/** The error for a consumer with the name of a client that archives the stream. */
function archiverError(client: string, stream: string): CheckpointError {
  return new CheckpointError(
    `Cannot save positions of stream "${stream}": client "${client}" archives it, and its archive ` +
      "would lack what a consumer passes over; give the consumer another client name",
    { code: "Archiver" },
  );
}

/** The error for a consumer with the name of a consumer group. */
function groupError(client: string, stream: string): CheckpointError {
  return new CheckpointError(
    `Cannot save positions of stream "${stream}": client "${client}" reads it as a consumer group, ` +
      "which has positions of its own; take part with openGroup(), or give the consumer another " +
      "client name",
    { code: "Group" },
  );
}

/** The error for a reader with the name of a group, which would read everything besides. */
export function readerError(client: string, stream: string): CheckpointError {
  return new CheckpointError(
    `Cannot read stream "${stream}" alone as client "${client}": a consumer group of that name reads ` +
      "it; take part with openGroup(), or give the reader another client name",
    { code: "Group" },
  );
}
