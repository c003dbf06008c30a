/**
 * What a ledger refuses, in memory and in SQL alike.
 *
 * @module
 */

import { CheckpointError } from "../errors.ts";

/** The error of a stream that was deleted and created again under its name. */
export function recreatedError(stream: string, known: Date, found: Date): CheckpointError {
  return new CheckpointError(
    `Cannot go on with stream "${stream}": it was created at ${found.toISOString()}, but the positions ` +
      `in the database belong to a stream of that name created at ${known.toISOString()}; archive the ` +
      "new stream under another --client-name, or remove the old positions",
    { code: "StreamRecreated", retryable: false },
  );
}

/** The error of a checkpoint that somebody moved while an archive was under way. */
export function movedError(stream: string, shardId: string, key: string): CheckpointError {
  return new CheckpointError(
    `Cannot commit archive "${key}": the checkpoint of shard "${shardId}" of "${stream}" was moved ` +
      "by somebody else meanwhile",
    { code: "CheckpointMoved", retryable: false },
  );
}

/** The error of a consumer that goes by the name of a client that archives the stream. */
export function archiverError(client: string, stream: string): CheckpointError {
  return new CheckpointError(
    `Cannot save positions of stream "${stream}": client "${client}" archives it, and its archive ` +
      "would lack what a consumer passes over; give the consumer a client name of its own",
    { code: "Archiver", retryable: false },
  );
}

/** The error of a name that the ledger does not have. */
export function unknownError(what: string): CheckpointError {
  return new CheckpointError(`Cannot find ${what} in the ledger`, {
    code: "Unknown",
    retryable: false,
  });
}
