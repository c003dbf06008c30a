/**
 * What a ledger refuses, in memory and in SQL alike.
 *
 * @module
 */

import { CheckpointError } from "../base/errors.ts";

/** The error of a stream that was deleted and created again under its name. */
export function recreatedError(stream: string, known: Date, found: Date): CheckpointError {
  return new CheckpointError(
    `Cannot go on with stream "${stream}": it was created at ${found.toISOString()}, but the positions ` +
      `in the database belong to a stream of that name created at ${known.toISOString()}; archive the ` +
      'new stream under another --client-name, or remove the old positions with "triton checkpoint ' +
      'forget"',
    { code: "StreamRecreated", retryable: false },
  );
}

/** The error of a worker that would put files where the archive is not. */
export function otherStoreError(
  { client, stream }: { readonly client: string; readonly stream: string },
  { known, found }: { readonly known: string; readonly found: string | undefined },
): CheckpointError {
  return new CheckpointError(
    `Cannot archive "${stream}" to ${found ?? "a store without a name"}: the archive of client ` +
      `"${client}" is in ${known}; name that store, or move the archive with "triton checkpoint ` +
      'move-bucket"',
    { code: "OtherStore", retryable: false },
  );
}

/** The error of a move while a worker is alive. */
export function aliveError(stream: string, worker: string): CheckpointError {
  return new CheckpointError(
    `Cannot move the archive of "${stream}": worker ${worker} is alive; stop triton store, or wait ` +
      "until the leases of one that died have expired (20 s unless set)",
    { code: "Leased", retryable: false },
  );
}

/** The error of a move while it is not known what became of a file. */
export function unsettledError(
  stream: string,
  { key, id }: { readonly key: string; readonly id: string },
): CheckpointError {
  return new CheckpointError(
    `Cannot move the archive of "${stream}": archive "${key}" (intent ${id}) was begun, and nobody ` +
      "has found out what became of it; run triton store with the old bucket, which does, and stop " +
      "it. If that bucket is gone, pass --old-store-is-gone",
    { code: "Unsettled", retryable: false },
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

/** The error of a name that the ledger does not have. */
export function unknownError(what: string): CheckpointError {
  return new CheckpointError(`Cannot find ${what} in the ledger`, {
    code: "Unknown",
    retryable: false,
  });
}

/** Whether the database does not know what was written to it: it was set back, to a backup or by a failover. */
export function isForgotten(error: unknown): boolean {
  return error instanceof CheckpointError && error.code === "Unknown";
}
