/**
 * Whether a database and an object store belong together: the store is the one that the archive is in,
 * and the files are there that the database knows to be archived.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ArchiveIntent, ArchiveLedger } from "../../ledger/archive_ledger.ts";
import { CheckpointError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import type { HeldRecords } from "../behind_archive.ts";
import { retryService, type RetryServiceOptions } from "../../base/retry.ts";
import { heldSince, type ServiceTime } from "../../kinesis/mod.ts";
import type { ArchiverServices } from "../archiver_options.ts";

const log = getLogger(["triton", "archiver"]);

/**
 * Makes sure that the archive is in this object store, and has the ledger write that down.
 *
 * The ledger of an older Triton does not say where the archive is. It gets this store only if the
 * files are there that its checkpoints come from.
 *
 * @throws {CheckpointError} With code `OtherStore` if the archive is elsewhere.
 */
export async function claimStore(
  services: Pick<ArchiverServices, "ledger" | "store"> & RetryServiceOptions,
): Promise<void> {
  const { ledger, store } = services;
  const known = await retryService("ledger", services, () => ledger.store());
  if (known === undefined) await checkFiles(services);
  await retryService("ledger", services, () => ledger.useStore(store.identity));
}

async function checkFiles(services: Parameters<typeof claimStore>[0]): Promise<void> {
  const { ledger, store, signal } = services;
  const files = await retryService("ledger", services, () => ledger.newestFiles());
  for (const { key } of files) {
    const found = await retryService("object store", services, () => store.head(key, { signal }));
    if (found !== undefined) continue;
    throw new CheckpointError(
      `Cannot archive "${ledger.stream}" to ${store.identity}: "${key}", which the database knows ` +
        "to be archived, is not there; name the bucket that holds it, or move the archive with " +
        '"triton checkpoint move-bucket"',
      { code: "OtherStore" },
    );
  }
}

/** Newest files of an archive, and where they have to be. */
export interface NewestFiles extends Pick<ArchiveLedger, "stream" | "client"> {
  /** Where the archive is. */
  readonly store: Pick<ObjectStore, "identity" | "url">;
  /** The files that the checkpoints of open shards come from. */
  readonly files: readonly ArchiveIntent[];
  /** Whether the archive was moved: files that do not say where they are, are elsewhere then. */
  readonly isMoved: boolean;
}

/** What is missing, and what can be done about it. */
export interface MissingFiles {
  /** Whether Kinesis still holds records of these files. */
  readonly isHeld: boolean;
  /** What is missing, in a sentence. */
  readonly message: string;
  /** What to do. */
  readonly advice: string;
}

/**
 * Looks for the newest files of an archive.
 *
 * @param newest The files.
 * @param since When the oldest record that the stream holds may have arrived.
 * @param has Whether a file is there.
 * @returns Undefined if all are there.
 * @throws {ObjectStoreError} If the store cannot be read.
 */
export async function findMissing(
  { store, files, isMoved, stream, client }: NewestFiles,
  since: Date,
  has: (key: string) => Promise<boolean>,
): Promise<MissingFiles | undefined> {
  const missing: ArchiveIntent[] = [];
  for (const file of files) {
    if (file.store === undefined ? isMoved : file.store !== store.identity) continue;
    if (!await has(file.key)) missing.push(file);
  }
  const [first, ...others] = missing;
  if (first === undefined) return undefined;
  const isHeld = missing.some(({ ranges }) =>
    ranges.some(({ knownAt }) => knownAt === undefined || knownAt > since)
  );
  const more = others.length === 0 ? "" : `, with ${others.length} more of the newest files,`;
  return {
    isHeld,
    message: `"${first.key}", which the database knows to be archived,${more} is not in ` +
      `${store.url} any more: it was emptied, or is another one by now`,
    advice: isHeld
      ? `Kinesis still holds what arrived since ${since.toISOString()}: "triton ` +
        `checkpoint rewind --client-name ${client} --to trim-horizon --archive-is-gone" with this ` +
        "stream and database archives that again"
      : `Kinesis does not hold the records of these files of "${stream}" any more`,
  };
}

/**
 * Makes sure that the newest files are there. What cannot be archived again is only logged.
 *
 * @param held What the stream holds.
 * @param has Whether a file is in the archive.
 * @throws {CheckpointError} With code `ArchiveGone` if files are missing whose records Kinesis still
 * holds: what is archived behind them would keep them from being archived again.
 */
export async function refuseMissing(
  services:
    & Pick<ArchiverServices, "ledger" | "store">
    & { readonly time: ServiceTime }
    & RetryServiceOptions,
  held: HeldRecords,
  has: (key: string) => Promise<boolean>,
): Promise<void> {
  const { ledger, store, time } = services;
  const { stream, client } = ledger;
  const files = await retryService("ledger", services, () => ledger.newestFiles());
  const isMoved = (await retryService("ledger", services, () => ledger.moves())).length > 0;
  const newest = { stream, client, store, files, isMoved };
  const missing = await findMissing(newest, heldSince(held, time.now()), has);
  if (missing === undefined) return;
  const { isHeld, message, advice } = missing;
  if (isHeld) {
    throw new CheckpointError(`Cannot archive "${stream}": ${message}; ${advice}`, {
      code: "ArchiveGone",
    });
  }
  log.error("Files of {stream} are missing: {reason}", {
    event: "archive.missing",
    stream,
    reason: `${message}; ${advice}`,
  });
}
