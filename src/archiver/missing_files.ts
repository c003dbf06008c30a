/**
 * Files that the database knows to be archived, and that are not there any more.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ArchiveIntent, ArchiveLedger } from "../ledger/archive_ledger.ts";
import { CheckpointError } from "../base/errors.ts";
import type { StreamDescription } from "../kinesis/kinesis_api.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { type Patience, persist, type Services } from "./services.ts";

const log = getLogger(["triton", "archiver"]);

const HOUR_MS = 3_600_000;

/** Newest files of an archive, and where they have to be. */
export interface NewestFiles extends Pick<ArchiveLedger, "stream" | "client"> {
  /** Where the archive is. */
  readonly store: ObjectStore;
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
 * @param describe Asks the stream about itself; called only if something is missing.
 * @returns Undefined if all are there.
 * @throws {ObjectStoreError} If the store cannot be asked.
 */
export async function findMissing(
  { store, files, isMoved, stream, client }: NewestFiles,
  describe: () => Promise<
    Pick<StreamDescription, "createdAt" | "retentionHours"> & { now: number }
  >,
  head = (key: string) => store.head(key),
): Promise<MissingFiles | undefined> {
  const missing: ArchiveIntent[] = [];
  for (const file of files) {
    if (file.store === undefined ? isMoved : file.store !== store.identity) continue;
    if (await head(file.key) === undefined) missing.push(file);
  }
  const [first, ...others] = missing;
  if (first === undefined) return undefined;
  const { createdAt, retentionHours, now } = await describe();
  const heldSince = Math.max(createdAt.getTime(), now - retentionHours * HOUR_MS);
  const isHeld = missing.some(({ ranges }) =>
    ranges.some(({ knownAt }) => (knownAt?.getTime() ?? Infinity) > heldSince)
  );
  const more = others.length === 0 ? "" : `, with ${others.length} more of the newest files,`;
  return {
    isHeld,
    message: `"${first.key}", which the database knows to be archived,${more} is not in ` +
      `${store.url} any more: it was emptied, or is another one by now`,
    advice: isHeld
      ? `Kinesis still holds what arrived since ${new Date(heldSince).toISOString()}: "triton ` +
        `checkpoint rewind --client-name ${client} --to trim-horizon --archive-is-gone" with this ` +
        "stream and database archives that again"
      : `Kinesis does not hold the records of these files of "${stream}" any more`,
  };
}

/**
 * Makes sure that the newest files are there. What cannot be archived again is only logged.
 *
 * @throws {CheckpointError} With code `ArchiveGone` if files are missing whose records Kinesis still
 * holds: what is archived behind them would keep them from being archived again.
 */
export async function refuseMissing(
  services: Pick<Services, "kinesis" | "ledger" | "store" | "time"> & Patience,
): Promise<void> {
  const { kinesis, ledger, store, time, signal } = services;
  const { stream, client } = ledger;
  const files = await persist("ledger", services, () => ledger.newestFiles());
  const isMoved = (await persist("ledger", services, () => ledger.moves())).length > 0;
  const describe = async () => {
    const ask = () => time.of(() => kinesis.describeStream(stream));
    const { createdAt, retentionHours } = await persist("Kinesis", services, ask);
    return { createdAt, retentionHours, now: time.now() };
  };
  const head = (key: string) =>
    persist("object store", services, () => store.head(key, { signal }));
  const missing = await findMissing({ stream, client, store, files, isMoved }, describe, head);
  if (missing === undefined) return;
  const { isHeld, message, advice } = missing;
  if (isHeld) {
    throw new CheckpointError(`Cannot archive "${stream}": ${message}; ${advice}`, {
      code: "ArchiveGone",
      retryable: false,
    });
  }
  log.error("Files of {stream} are missing: {reason}", {
    event: "archive.missing",
    stream,
    reason: `${message}; ${advice}`,
  });
}
