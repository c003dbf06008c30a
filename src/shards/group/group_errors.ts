/**
 * Why a group refuses.
 *
 * @module
 */

import { CheckpointError } from "../../base/errors.ts";

/** The error of a handler that breaks the rules of transactions: no record is to blame. */
export class MisuseError extends TypeError {}

/** Whose group it is. */
export interface GroupName {
  readonly client: string;
  readonly stream: string;
}

/** The error for a stream that was deleted and created again under the same name. */
export function recreatedError(
  { client, stream }: GroupName,
  known: Date,
  found: Date,
): CheckpointError {
  return new CheckpointError(
    `Cannot continue with stream "${stream}": it was created at ${found.toISOString()}, but group ` +
      `"${client}" read a stream of that name created at ${known.toISOString()}; read the new stream ` +
      'under another client name, or remove the old positions with "triton checkpoint forget"',
    { code: "StreamRecreated" },
  );
}

/** The error for shards that are added before the stream was identified. */
export function noGroupError({ client, stream }: GroupName): CheckpointError {
  return new CheckpointError(
    `Cannot find group "${client}" of stream "${stream}": it has not been created yet, or was removed`,
    { code: "Unknown" },
  );
}

/** The error for a member of a group whose client archives the stream. */
export function archiverError({ client, stream }: GroupName): CheckpointError {
  return new CheckpointError(
    `Cannot read stream "${stream}" as group "${client}": the client of that name archives it; give ` +
      "the group another client name",
    { code: "Archiver" },
  );
}

/** The error for an archiver whose client is a group. */
export function groupError({ client, stream }: GroupName): CheckpointError {
  return new CheckpointError(
    `Cannot archive stream "${stream}" for client "${client}": a consumer group of that name reads ` +
      "it; give the archiver another client name",
    { code: "Group" },
  );
}

/** The error of a commit that the fence has refused. */
export function refusedError(why: string, cause?: unknown): CheckpointError {
  return new CheckpointError(`Cannot commit: ${why}`, { code: "Refused", cause });
}
