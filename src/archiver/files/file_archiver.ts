import { getLogger } from "@logtape/logtape";
import { type Clock, monotonicNow } from "../../base/clock.ts";
import { CheckpointError } from "../../base/errors.ts";
import type { ShardId } from "../../base/record.ts";
import { retryService } from "../../base/retry.ts";
import { VERSION } from "../../base/version.ts";
import { formatArchiveKey } from "../../codec/mod.ts";
import type { ArchiveIntent, ArchiveLedger } from "../../ledger/archive_ledger.ts";
import { isForgotten } from "../../shards/table/rows.ts";
import type { ObjectStore } from "../../objects/object_store.ts";
import { bucketOfIdentity } from "../../objects/store_identity.ts";
import type { SharedWork } from "../shared/shared_work.ts";
import { Trace } from "../../telemetry/tracing.ts";
import type { Lease } from "../../shards/lease.ts";
import { type ClosedFile, rangesOf } from "./archive_file.ts";
import { randomName } from "./random_name.ts";
import type { Recreation } from "../same_stream.ts";
import { putArchive } from "../settle_archive.ts";
import type { ArchiverMonitor } from "../status/archiver_monitor.ts";
import type { ArchivedFile } from "../status/archiver_status.ts";

const log = getLogger(["triton", "archiver"]);

/** Services for {@linkcode FileArchiver}. */
export interface FileArchiverServices {
  /** Where files are put. */
  readonly store: ObjectStore;
  /** Where intents are written down. */
  readonly ledger: Pick<ArchiveLedger, "stream" | "client" | "intend" | "commit">;
  /** Source of time and random numbers. */
  readonly clock: Clock;
  /** Receives what happens. */
  readonly monitor: ArchiverMonitor;
  /** Slots for uploads, and who waits for their end. */
  readonly shared: Pick<SharedWork, "memory" | "uploads">;
}

/** Options for {@linkcode FileArchiver}. */
export interface FileArchiverOptions {
  /** The name of this worker. */
  readonly worker: string;
  /** Finds out whether what was read until now may be of another stream of the same name. */
  readonly findRecreation: () => Promise<Recreation | undefined>;
}

/** What became of a file. */
export interface FileOutcome {
  /** The file, unless nothing was left of it. */
  readonly archived?: ArchivedFile | undefined;
  /** The leases under which nothing can be archived any more. */
  readonly lost: readonly Lease[];
  /** Why the worker has to stop: the stream was created anew. */
  readonly failure?: CheckpointError | undefined;
}

/** Archives closed files, one after the other: steps 4 to 6 of the protocol
 * (docs/ARCHITECTURE.md). */
export class FileArchiver {
  readonly #services: FileArchiverServices;
  readonly #options: FileArchiverOptions;
  /** The first second, since the Unix epoch, for which no key was tried yet. */
  #nextFree = 0;

  constructor(services: FileArchiverServices, options: FileArchiverOptions) {
    this.#services = services;
    this.#options = options;
  }

  /** Archives a file, without the shards that are no longer this worker's. */
  archive(file: ClosedFile): Promise<FileOutcome> {
    return this.#trace(file).run(async (trace) => {
      const lost: Lease[] = [];
      const failure = await this.#leaveStrangersOut(file, lost);
      const archived = await this.#put(file, lost, trace);
      return { archived, lost, failure };
    });
  }

  /** The span of a file, from its first record on. */
  #trace(file: ClosedFile): Trace {
    const { ledger: { stream, client }, clock } = this.#services;
    const { reason, openedAt, filledAt } = file;
    const now = () => clock.now();
    const attributes = { stream, client, reason, shards: [...file.shards.keys()] };
    const trace = new Trace("triton.file", { now, startedAt: openedAt, attributes });
    trace.note("triton.file.read", openedAt!, filledAt!);
    return trace;
  }

  /** Puts a file under the first key that is free. */
  async #put(
    file: ClosedFile,
    lost: Lease[],
    trace: Trace,
  ): Promise<ArchivedFile | undefined> {
    const { ledger: { stream, client }, clock, monitor } = this.#services;
    let replaces: string | undefined;
    const closedAt = Math.floor(file.closedAt / 1000);
    for (let createdAt = Math.max(closedAt, this.#nextFree);; createdAt++) {
      const key = formatArchiveKey({ stream, client, createdAt });
      const intend = () => this.#intend(file, { key, replaces }, lost);
      const intent = await trace.step("triton.file.intent", intend);
      if (intent === undefined) return undefined;
      this.#nextFree = createdAt + 1;
      const body = await trace.step(
        "triton.file.close",
        () => this.#finish(file, intent, createdAt),
      );
      const size = body.reduce((sum, part) => sum + part.length, 0);
      trace.set({ key, bytes: size, events: file.builder.events });
      const startedAt = monotonicNow(clock);
      const put = () =>
        putArchive(intent, body, { ...this.#services, store: this.#storeFor(file) });
      if (await trace.step("triton.file.put", put)) {
        monitor.uploaded(monotonicNow(clock) - startedAt);
        await trace.step("triton.file.commit", () => this.#commit(file, intent, lost));
        return this.#report(file, key, size);
      }
      replaces = intent.id;
    }
  }

  /** The store: each attempt to put the file waits for a slot. */
  #storeFor(file: ClosedFile): Pick<ObjectStore, "put" | "get"> {
    const { store, shared: { uploads, memory } } = this.#services;
    const noteFailing = (isFailing: boolean) => {
      file.isFailing = isFailing;
      memory.notify();
    };
    const onDelay = () => noteFailing(true);
    const bucket = bucketOfIdentity(store.identity);
    const upload = { store: bucket, openedAt: file.openedAt!, onDelay };
    return {
      get: (key, options) => store.get(key, options),
      put: async (...request) => {
        try {
          const result = await uploads.during(upload, () => store.put(...request));
          noteFailing(false);
          return result;
        } catch (error) {
          noteFailing(true);
          throw error;
        }
      },
    };
  }

  /** Leaves out what was read of another stream of the same name. */
  async #leaveStrangersOut(file: ClosedFile, lost: Lease[]): Promise<CheckpointError | undefined> {
    const found = await this.#options.findRecreation();
    if (found === undefined) return undefined;
    const isOurs = (shardId: ShardId) =>
      file.builder.shards.get(shardId)!.lastArrival < found.createdAt;
    leaveOut(file, [...file.shards.keys()].filter((shardId) => !isOurs(shardId)), lost);
    return found.error;
  }

  /** Writes the intent down; shards that are no longer ours are left out of the file. */
  async #intend(
    file: ClosedFile,
    { key, replaces }: { readonly key: string; readonly replaces: string | undefined },
    lost: Lease[],
  ): Promise<ArchiveIntent | undefined> {
    const { ledger, clock, store: { identity: store } } = this.#services;
    const { worker } = this.#options;
    const intent = { id: randomName(clock), key, store, worker, ranges: rangesOf(file) };
    const accepted = new Set(
      await retryService("ledger", this.#services, () => ledger.intend(intent, replaces))
        .catch((error) => {
          if (isForgotten(error)) return [];
          throw error;
        }),
    );
    log.debug("Wrote down that {key} is about to be put", { event: "file.intended", key });
    leaveOut(file, [...file.shards.keys()].filter((shardId) => !accepted.has(shardId)), lost);
    return accepted.size > 0 ? intent : undefined;
  }

  /** Moves the positions; if the database has forgotten the intent, the shards are taken anew. */
  async #commit(file: ClosedFile, { id, key }: ArchiveIntent, lost: Lease[]): Promise<void> {
    const { ledger } = this.#services;
    try {
      const state = await retryService("ledger", this.#services, () => ledger.commit(id));
      if (state === "void") throw voidError(key);
    } catch (error) {
      if (!isForgotten(error)) throw error;
      log.error("The database has forgotten {key}, which is archived: it was set back", {
        event: "file.forgotten",
        key,
      });
      for (const { lease } of file.shards.values()) lost.push(lease);
    }
  }

  #finish(file: ClosedFile, intent: ArchiveIntent, createdAt: number): readonly Uint8Array[] {
    const { ledger } = this.#services;
    return file.builder.finishParts({
      stream: ledger.stream,
      client: ledger.client,
      createdAt: new Date(createdAt * 1000),
      program: `triton ${VERSION}`,
      previous: file.previous,
      intent: intent.id,
    });
  }

  #report({ builder, reason }: ClosedFile, key: string, size: number): ArchivedFile {
    const { events, quarantined, shards } = builder;
    const archived = { key, size, events, quarantined, reason };
    const { ledger: { stream, client }, monitor } = this.#services;
    log.info("Archived {key}: {events} events, {size} bytes, closed by {reason}", {
      event: "file.archived",
      stream,
      client,
      key,
      size,
      events,
      quarantined,
      reason,
    });
    monitor.archived(archived, shards);
    return archived;
  }
}

function leaveOut(file: ClosedFile, shardIds: readonly ShardId[], lost: Lease[]): void {
  for (const shardId of shardIds) {
    lost.push(file.shards.get(shardId)!.lease);
    file.remove(shardId);
  }
}

/** The error of a file that landed although its intent was declared void. */
function voidError(key: string): CheckpointError {
  return new CheckpointError(
    `Cannot commit archive "${key}": another worker declared it void although it is there, which ` +
      "happens only if the bucket does not honour If-None-Match or an empty archive was deleted; " +
      "its records may be archived twice",
    { code: "IntentVoid" },
  );
}
