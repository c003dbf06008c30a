import { createHash } from "node:crypto";
import type { SequenceNumber, ShardId } from "../../base/record.ts";

/** Which records of a shard are missing. Sequence numbers that nothing names are undefined. */
export interface MissingRange {
  /** The client whose archive lacks the records. */
  readonly client: string;
  /** The shard. */
  readonly shardId: ShardId;
  /** The last record before the gap; undefined if it begins with the shard. */
  readonly after?: SequenceNumber | undefined;
  /** The last missing record. */
  readonly upTo?: SequenceNumber | undefined;
  /** The first record after the gap. */
  readonly until?: SequenceNumber | undefined;
  /** When the gap was recorded: it tells gaps apart whose end is not known. */
  readonly recordedAt?: Date | undefined;
}

/** Who decided that a gap stays as it is, when and why; empty if that holds for one run only. */
export interface GapAcceptance {
  /** Who accepted it. */
  readonly by?: string | undefined;
  /** When it was accepted. */
  readonly at?: Date | undefined;
  /** Why, if that was said. */
  readonly reason?: string | undefined;
}

/** How many hexadecimal digits an ID has. */
const LENGTH = 12;

/**
 * The ID of a gap: 12 hexadecimal digits that depend on nothing but the client, the shard and the
 * records around the gap. A gap that grew has another ID. If a recorded gap has no end, the time when it
 * was recorded is used instead, because that changes when it grows.
 */
export function gapId({ client, shardId, after, upTo, until, recordedAt }: MissingRange): string {
  const end = upTo !== undefined
    ? `to ${upTo}`
    : until !== undefined
    ? `before ${until}`
    : `noticed ${recordedAt?.toISOString() ?? ""}`;
  const text = JSON.stringify([client, shardId, after ?? "", end]);
  return createHash("sha256").update(text).digest("hex").slice(0, LENGTH);
}
