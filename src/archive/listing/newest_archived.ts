import { getLogger } from "@logtape/logtape";
import { DAY_MS, systemClock } from "../../base/clock.ts";
import { ObjectStoreError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { compareSequenceNumbers, type SequenceNumber, type ShardId } from "../../base/record.ts";
import type { ArchiveEntry } from "../archive_entry.ts";
import { listArchives } from "./list_archives.ts";
import { COLD_STORAGE, readManifests, type ReadManifestsOptions } from "../verify/manifests.ts";
import { retryingStore } from "../retrying_store.ts";

/** Options of {@linkcode newestArchived}. */
export interface NewestArchivedOptions extends ReadManifestsOptions {
  /** Name of the stream, as Kinesis knows it. */
  readonly stream: string;
  /** The client that wrote the archives. */
  readonly client: string;
  /**
   * Archives that were created before this are skipped: they hold nothing that the stream still
   * has, or belong to an earlier stream of the same name.
   */
  readonly since: Date;
  /**
   * Called with each key that is listed: whether the file was read before and is skipped. Default:
   * all are read.
   */
  readonly isKnown?: ((key: string) => boolean) | undefined;
  /**
   * Called with the key of a file in cold storage, which cannot be read: whether what it holds is
   * known to be archived. Default: such a file is an error.
   */
  readonly isCommitted?: ((key: string) => Promise<boolean>) | undefined;
  /** The time that archives were created before, give or take a day. Default: the clock's. */
  readonly now?: Date | undefined;
}

/** Where the chain of a shard ends. */
export interface ArchiveEnd {
  /** Key of the last file. */
  readonly key: string;
  /** The last archived record. */
  readonly last: SequenceNumber;
  /** When the latest of the file's records of the shard arrived. */
  readonly lastArrival: Date;
}

const log = getLogger(["triton", "archive"]);

/**
 * Finds the last archived record of each shard, by the manifests of the archives since a time.
 *
 * The end of a chain is the highest sequence number: the order of keys is not that of records where
 * several files were closed within a second, or writers' clocks differ. An archive whose manifest
 * cannot be read is skipped, with an error in the log.
 *
 * @example Usage
 * ```ts
 * import { MemoryObjectStore, newestArchived } from "@triton/triton/archive";
 * import { equal } from "node:assert/strict";
 * const newest = await newestArchived(new MemoryObjectStore(), {
 *   stream: "clicks_prod",
 *   client: "store",
 *   since: new Date(Date.now() - 2 * 86_400_000),
 * });
 * equal(newest.size, 0);
 * ```
 * @param store Where the archives are.
 * @param options Whose archive, and how far back.
 * @returns The end of each shard that has archives in that time.
 * @throws {ObjectStoreError} If the store cannot be read, or a file in cold storage holds what may not
 * be known.
 */
export async function newestArchived(
  store: ObjectStore,
  options: NewestArchivedOptions,
): Promise<Map<ShardId, ArchiveEnd>> {
  const { stream, client } = options;
  const ends = new Map<ShardId, ArchiveEnd>();
  for await (const file of readManifests(store, recentArchives(store, options), options)) {
    const { key } = file.entry;
    if (file.type === "damaged") {
      if (isCold(file.error)) {
        if (await options.isCommitted?.(key)) continue;
        throw file.error;
      }
      log.error("{key}: {reason}", { event: "file.damaged", key, reason: file.error.message });
    }
    if (file.type !== "provable") continue;
    const { manifest } = file;
    if (manifest.stream !== stream || manifest.client !== client) continue;
    for (const [shardId, { last, lastArrival }] of manifest.shards) {
      const end = ends.get(shardId);
      if (end !== undefined && compareSequenceNumbers(last, end.last) <= 0) continue;
      ends.set(shardId, { key, last, lastArrival });
    }
  }
  return ends;
}

function isCold(error: Error): boolean {
  return error instanceof ObjectStoreError && error.code === COLD_STORAGE;
}

async function* recentArchives(
  store: ObjectStore,
  options: NewestArchivedOptions,
): AsyncGenerator<ArchiveEntry> {
  const { stream, client, signal, since, clock = systemClock, isKnown } = options;
  const now = options.now?.getTime() ?? clock.now();
  const listed = listArchives(retryingStore(store, options), {
    ...{ stream, client, signal },
    from: since,
    // Writers' clocks may be ahead.
    to: new Date(Math.max(now, since.getTime()) + DAY_MS),
  });
  for await (const entry of listed) {
    if (entry.createdAt * 1000 >= since.getTime() && !isKnown?.(entry.key)) yield entry;
  }
}
