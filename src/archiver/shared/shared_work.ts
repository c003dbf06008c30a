import { Turns } from "../../kinesis/mod.ts";
import type { LedgerShard } from "../../ledger/archive_ledger.ts";
import type { SharedLeases } from "../../shards/shared_leases.ts";
import { SharedMemory } from "./shared_memory.ts";
import { UploadSlots } from "./upload_slots.ts";

/** What the archivers of one process share. */
export interface SharedWork {
  /** Memory for what is read and not archived yet. */
  readonly memory: SharedMemory;
  /** Limits the uploads that run at once. */
  readonly uploads: UploadSlots;
  /** Limits the requests to Kinesis that are under way at once, with the streams as owners. */
  readonly turns: Turns;
  /** The leases of the process in all of its streams. Default: those of each archiver are its own. */
  readonly leases?: SharedLeases<LedgerShard> | undefined;
}

/** Limits for {@linkcode shareWork}. */
export interface SharedWorkOptions {
  /** How much records that are not archived yet, and answers under way, may take, in bytes. Default:
   * 96 MiB. */
  readonly maxMemory?: number | undefined;
  /** How many uploads run at once. Default: 4. */
  readonly uploads?: number | undefined;
  /** How many requests to Kinesis are under way at once: each answer takes memory. Default: 8. */
  readonly requests?: number | undefined;
}

/** Creates what the archivers of one process share. */
export function shareWork(
  { maxMemory, uploads, requests = 8 }: SharedWorkOptions = {},
): SharedWork {
  return {
    memory: new SharedMemory({ maxMemory, requests }),
    uploads: new UploadSlots(uploads),
    turns: new Turns(requests),
  };
}
