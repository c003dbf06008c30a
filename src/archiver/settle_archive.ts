import { getLogger } from "@logtape/logtape";
import type { ArchiveIntent, ArchiveLedger, ShardPosition } from "../ledger/archive_ledger.ts";
import { EMPTY_ARCHIVE, readManifest } from "../codec/mod.ts";
import { ArchiveFormatError, ObjectStoreError } from "../base/errors.ts";
import type { ObjectContent, ObjectStore } from "../objects/object_store.ts";
import type { ShardId } from "../base/record.ts";
import { retryService, type RetryServiceOptions } from "../base/retry.ts";
import { isForgotten } from "../shards/table/rows.ts";

const log = getLogger(["triton", "archiver"]);

/** A manifest of one or a few shards fits into this many bytes. */
const TAIL_BYTES = 8 * 1024;

/** What settling takes. */
export interface SettleServices extends RetryServiceOptions {
  /** The object store with the archive. */
  readonly store: Pick<ObjectStore, "put" | "get">;
  /** Where intents are written down. */
  readonly ledger: Pick<ArchiveLedger, "position" | "commit" | "cancel">;
}

/**
 * Settles what earlier workers left open of a shard: step 7 of the protocol (docs/ARCHITECTURE.md).
 *
 * An intent that is neither done nor void may have been put, may be on its way, or may never come.
 * An empty archive under its key, put only if the key is free, decides: if it can be put, the file
 * had not landed and now never can. If the key is taken, the object there shows whether it is the
 * file. Every worker reaches the same verdict, however often.
 *
 * @returns Where the shard stands once nothing is open any more.
 */
export async function settleShard(
  shardId: ShardId,
  services: SettleServices,
): Promise<ShardPosition> {
  const { ledger } = services;
  for (;;) {
    const position = await retryService("ledger", services, () => ledger.position(shardId));
    if (position.open.length === 0) return position;
    for (const intent of position.open) await settleIntent(intent, services);
  }
}

async function settleIntent(
  intent: ArchiveIntent,
  services: SettleServices,
): Promise<void> {
  const { store, ledger } = services;
  const landed = await retryService("object store", services, async () => {
    const metadata = { "triton-void": intent.id };
    return await putOrFind(intent, EMPTY_ARCHIVE, { store, metadata }) === "ours";
  });
  try {
    await retryService(
      "ledger",
      services,
      () => landed ? ledger.commit(intent.id) : ledger.cancel(intent.id),
    );
  } catch (error) {
    if (isForgotten(error)) return;
    throw error;
  }
  log.info("An earlier worker left {key} open: {verdict}", {
    event: "intent.settled",
    key: intent.key,
    verdict: landed ? "the file is there" : "it never came, and is read again",
  });
}

/**
 * Puts the file of an intent.
 *
 * A put whose answer was lost may have landed: the key is then found taken, by the file itself.
 *
 * @returns Whether the file is in the archive; if not, the key is taken by another object for good.
 */
export function putArchive(
  intent: ArchiveIntent,
  body: ObjectContent,
  services: Pick<SettleServices, "store" | "clock" | "monitor">,
): Promise<boolean> {
  const { store } = services;
  return retryService("object store", services, async () => {
    const metadata = { "triton-intent": intent.id };
    return await putOrFind(intent, body, { store, metadata }) !== "a stranger";
  });
}

/**
 * Puts an object under an intent's key if that is free, else finds out whose object is there.
 *
 * @throws {ObjectStoreError} That can be retried, if the store says both that the key is taken and that
 * nothing is there, as look-alikes do where the answer to a conflict is all that they have of it.
 */
async function putOrFind(
  intent: ArchiveIntent,
  body: ObjectContent,
  { store, metadata }: {
    readonly store: SettleServices["store"];
    readonly metadata: Record<string, string>;
  },
): Promise<"created" | "ours" | "a stranger"> {
  const { key } = intent;
  if (await store.put(key, body, { ifAbsent: true, metadata }) === "created") return "created";
  try {
    return await holdsIntent(store, intent) ? "ours" : "a stranger";
  } catch (cause) {
    if (!(cause instanceof ObjectStoreError) || cause.code !== "NoSuchKey") throw cause;
    const what =
      `Cannot put ${key}: the store says that the key is taken, and that nothing is there`;
    throw new ObjectStoreError(what, { code: "FalseConflict", retryable: true, cause });
  }
}

/** Whether the object under an intent's key is the intent's file: its manifest says so. */
async function holdsIntent(
  store: SettleServices["store"],
  { key, id }: ArchiveIntent,
): Promise<boolean> {
  for (let suffix = TAIL_BYTES;;) {
    const body = await store.get(key, { range: { suffix } });
    try {
      const search = readManifest(await body.bytes(), body.size);
      if (search.type !== "more") return search.type === "found" && search.manifest.intent === id;
      suffix = search.bytes;
    } catch (error) {
      // A stranger's object that only looks like an archive; ours was put whole.
      if (error instanceof ArchiveFormatError) return false;
      throw error;
    }
  }
}
