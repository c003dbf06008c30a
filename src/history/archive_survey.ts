/**
 * Finding the files of an archive, again and again while it grows.
 *
 * @module
 */

import type { ArchiveEntry } from "../archive/archive_entry.ts";
import { listArchives } from "../archive/listing/list_archives.ts";
import { readManifests } from "../archive/verify/manifests.ts";
import { namingKey } from "../archive/archive_record.ts";
import type { Clock } from "../base/clock.ts";
import type { ArchiveManifest } from "../codec/tri/archive_manifest.ts";
import { TritonError } from "../base/errors.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** One file that holds something. */
export interface HistoryFile {
  /** The archive, as its key and the object store tell of it. */
  readonly entry: ArchiveEntry;
  /** What it says of itself; undefined for files of other programs, which say nothing. */
  readonly manifest: ArchiveManifest | undefined;
}

/** Whose archive, and how it is asked. */
export interface ArchiveSurveyOptions {
  /** The stream's name. */
  readonly stream: string;
  /** The client that wrote the archives, where there are several. */
  readonly client: string | undefined;
  /** The first moment of interest. */
  readonly from: Date;
  /** Time and chance. */
  readonly clock: Clock;
  /** The time that keys of archives go by, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Ends the asking. */
  readonly signal: AbortSignal;
  /** How often in a row a request is tried. */
  readonly maxAttempts: number | undefined;
}

/** How far the clocks of writers may be apart, at most. */
const DAY_MS = 86_400_000;

/** The archive as far as it has been seen. */
export class ArchiveSurvey {
  /** When the newest archived record arrived; undefined while nothing is known. */
  newestArrival: Date | undefined;
  /** The newest file that says nothing of itself. */
  newestUnprovable: ArchiveEntry | undefined;
  readonly #options: ArchiveSurveyOptions;
  readonly #seen = new Set<string>();
  #client: string | undefined;
  #listFrom: number;

  /** Creates a survey that has seen nothing. */
  constructor(options: ArchiveSurveyOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#listFrom = options.from.getTime() - DAY_MS;
  }

  /**
   * Finds the files that were not there before.
   *
   * @param store Where the archives are.
   * @returns The files, in the order of their keys.
   * @throws {ArchiveFormatError} If a manifest is damaged.
   * @throws {TritonError} If several clients have archived the stream, and none was named.
   */
  async findNew(store: ObjectStore): Promise<HistoryFile[]> {
    const { signal, clock, maxAttempts } = this.#options;
    const now = this.#options.now();
    const entries = await this.#list(store, now);
    const files: HistoryFile[] = [];
    const asked = ReadableStream.from(entries);
    for await (const file of readManifests(store, asked, { signal, clock, maxAttempts })) {
      const { entry } = file;
      if (file.type === "damaged") throw namingKey(entry.key, file.error);
      if (file.type === "empty") continue;
      files.push({ entry, manifest: file.type === "provable" ? file.manifest : undefined });
    }
    files.forEach((file) => this.#note(file));
    entries.forEach(({ key }) => this.#seen.add(key));
    this.#listFrom = now - DAY_MS;
    return files;
  }

  async #list(store: ObjectStore, now: number): Promise<ArchiveEntry[]> {
    const { stream, signal, clock } = this.#options;
    const from = new Date(this.#listFrom);
    const to = new Date(Math.max(now, this.#listFrom) + DAY_MS);
    const entries: ArchiveEntry[] = [];
    const range = { stream, client: this.#client, from, to, signal, clock };
    for await (const entry of listArchives(store, range)) {
      this.#client ??= entry.client;
      if (entry.client !== this.#client) throw severalClients(stream, [this.#client, entry.client]);
      if (!this.#seen.has(entry.key)) entries.push(entry);
    }
    return entries;
  }

  #note({ entry, manifest }: HistoryFile): void {
    if (manifest === undefined) {
      if (entry.createdAt >= (this.newestUnprovable?.createdAt ?? 0)) this.newestUnprovable = entry;
      return;
    }
    if (manifest.stream !== this.#options.stream) {
      throw new TritonError(
        `Cannot read "${entry.key}": it says that it is of stream "${manifest.stream}"`,
      );
    }
    for (const { lastArrival } of manifest.shards.values()) {
      if (lastArrival > (this.newestArrival ?? 0)) this.newestArrival = lastArrival;
    }
  }
}

function severalClients(stream: string, clients: readonly string[]): TritonError {
  return new TritonError(
    `Cannot read the history of stream "${stream}": clients "${
      clients.join('" and "')
    }" have both ` +
      "archived it, so each record is there twice; name one of them",
  );
}
