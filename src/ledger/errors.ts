import { CheckpointError } from "../base/errors.ts";

/** The error for a stream that was deleted and created again under the same name. */
export function recreatedError(stream: string, known: Date, found: Date): CheckpointError {
  return new CheckpointError(
    `Cannot continue with stream "${stream}": it was created at ${found.toISOString()}, but the positions ` +
      `in the database belong to a stream of that name created at ${known.toISOString()}; archive the ` +
      'new stream under another --client-name, or remove the old positions with "triton checkpoint ' +
      'forget"',
    { code: "StreamRecreated" },
  );
}

/** The error for a worker that would put files into another store than the archive's. */
export function otherStoreError(
  { client, stream }: { readonly client: string; readonly stream: string },
  { known, found }: { readonly known: string; readonly found: string | undefined },
): CheckpointError {
  return new CheckpointError(
    `Cannot archive "${stream}" to ${found ?? "a store without a name"}: the archive of client ` +
      `"${client}" is in ${known}; name that store, or move the archive with "triton checkpoint ` +
      'move-bucket"',
    { code: "OtherStore" },
  );
}

/** The error for a move while a worker is alive. */
export function aliveError(stream: string, worker: string): CheckpointError {
  return new CheckpointError(
    `Cannot move the archive of "${stream}": worker ${worker} is alive; stop triton store, or wait ` +
      "until the leases of one that died have expired (20 s by default)",
    { code: "Leased" },
  );
}

/** The error for a move while an archive is not settled. */
export function unsettledError(
  stream: string,
  { key, id }: { readonly key: string; readonly id: string },
): CheckpointError {
  return new CheckpointError(
    `Cannot move the archive of "${stream}": archive "${key}" (intent ${id}) was begun and is ` +
      "not settled; start triton store with the old bucket, which settles it, and stop it again. " +
      "If that bucket is gone, pass --old-store-is-gone",
    { code: "Unsettled" },
  );
}

/** The error for a checkpoint that was moved while an archive was being put. */
export function movedError(stream: string, shardId: string, key: string): CheckpointError {
  return new CheckpointError(
    `Cannot commit archive "${key}": the checkpoint of shard "${shardId}" of "${stream}" was moved ` +
      "meanwhile",
    { code: "CheckpointMoved" },
  );
}
