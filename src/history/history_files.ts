import type { ArchiveEntry } from "../archive/archive_entry.ts";
import { listArchives } from "../archive/listing/list_archives.ts";
import type { ArchiveManifest, ObjectStore } from "../archive/mod.ts";
import { readManifests } from "../archive/verify/manifests.ts";
import { namingKey } from "../archive/archive_record.ts";
import { type Clock, DAY_MS } from "../base/clock.ts";
import { TritonError } from "../base/errors.ts";

/** One file that is not empty. */
export interface HistoryFile {
  /** Its key, and what the object store says of it. */
  readonly entry: ArchiveEntry;
  /** Its manifest; undefined for files of other programs. */
  readonly manifest: ArchiveManifest | undefined;
}

/** Which archive, and how its files are found. */
export interface HistoryFilesOptions {
  readonly stream: string;
  /** The client that wrote the archive. Default: the only one. */
  readonly client: string | undefined;
  /** The first moment of interest. */
  readonly from: Date;
  readonly clock: Clock;
  /** The time by the service's clock, in milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Attempts in a row of a request to the object store. */
  readonly maxAttempts: number | undefined;
}

/** How far the clocks of writers may be apart, at most. */
const CLOCKS_APART_MS = DAY_MS;

/** The files of an archive that have been found so far. */
export class HistoryFiles {
  /** When the newest archived record arrived; undefined while nothing is known. */
  newestArrival: Date | undefined;
  /** The newest file without a manifest. */
  newestUnprovable: ArchiveEntry | undefined;
  readonly #options: HistoryFilesOptions;
  readonly #seen = new Set<string>();
  #client: string | undefined;
  #listFrom: number;

  constructor(options: HistoryFilesOptions) {
    this.#options = options;
    this.#client = options.client;
    this.#listFrom = options.from.getTime() - CLOCKS_APART_MS;
  }

  /**
   * Finds the files that were not there before.
   *
   * @returns The files, in the order of their keys.
   * @throws {ArchiveFormatError} If a manifest is damaged.
   * @throws {TritonError} If several clients have archived the stream, and none was named.
   */
  async findNew(store: ObjectStore): Promise<HistoryFile[]> {
    const { signal, clock, maxAttempts } = this.#options;
    const now = this.#options.now();
    const entries = await this.#list(store, now);
    const files: HistoryFile[] = [];
    const listed = ReadableStream.from(entries);
    for await (const file of readManifests(store, listed, { signal, clock, maxAttempts })) {
      const { entry } = file;
      if (file.type === "damaged") throw namingKey(entry.key, file.error);
      if (file.type === "empty") continue;
      files.push({ entry, manifest: file.type === "provable" ? file.manifest : undefined });
    }
    files.forEach((file) => this.#note(file));
    entries.forEach(({ key }) => this.#seen.add(key));
    this.#listFrom = now - CLOCKS_APART_MS;
    return files;
  }

  async #list(store: ObjectStore, now: number): Promise<ArchiveEntry[]> {
    const { stream, signal, clock } = this.#options;
    const from = new Date(this.#listFrom);
    const to = new Date(Math.max(now, this.#listFrom) + CLOCKS_APART_MS);
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
