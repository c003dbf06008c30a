import type { ArchiveEntry, ArchiveManifest, InspectedArchive } from "../../../archive/mod.ts";
import { jsonLine, tabLine } from "../../text/say.ts";
import { formatBytes, formatCount, formatTime } from "../../text/format.ts";

/** An archive as `triton ls` prints it. */
export interface ListedArchive {
  readonly entry: ArchiveEntry;
  /** What the file is; undefined if its manifest was not read. */
  readonly type: InspectedArchive["type"] | undefined;
  readonly manifest: ArchiveManifest | undefined;
  readonly error: Error | undefined;
}

/** Picks from an inspected archive what is printed. */
export function listedArchive(
  file: Pick<InspectedArchive, "entry"> | InspectedArchive,
): ListedArchive {
  const { entry } = file;
  if (!("type" in file)) return { entry, type: undefined, manifest: undefined, error: undefined };
  const manifest = file.type === "provable" ? file.manifest : undefined;
  return {
    entry,
    type: file.type,
    manifest,
    error: file.type === "damaged" ? file.error : undefined,
  };
}

/** What the rows of a table have. */
export interface LsColumns {
  /** What the manifests say, instead of the time of creation. */
  readonly long: boolean;
  /** The storage class. */
  readonly hasClass: boolean;
}

/** The column headers. */
export function lsHead({ long, hasClass }: LsColumns): string[] {
  return [
    "key",
    "size",
    ...long ? ["events", "shards", "first arrival", "last arrival"] : ["created"],
    ...hasClass ? ["class"] : [],
  ];
}

/** A table row, for people. */
export function toCells(archive: ListedArchive, { long, hasClass }: LsColumns): string[] {
  const { entry } = archive;
  const more = long ? contentsOf(archive, formatCount) : [createdAt(entry)];
  const storageClass = hasClass ? [entry.storageClass ?? "STANDARD"] : [];
  return [entry.key, formatBytes(entry.size), ...more, ...storageClass];
}

/** Whether a file may have to be restored before it can be read. */
export function isCold({ entry: { storageClass } }: ListedArchive): boolean {
  return storageClass === "GLACIER" || storageClass === "DEEP_ARCHIVE";
}

/** A tab-separated line, for programs. */
export function toTabs(archive: ListedArchive, long: boolean): string {
  const { entry } = archive;
  const more = long ? contentsOf(archive, String) : [createdAt(entry)];
  return tabLine([entry.key, entry.size, ...more]);
}

/** A JSON line with all that is known of an archive. */
export function toJson({ entry, type, manifest, error }: ListedArchive): string {
  const { key, day, client, size, modifiedAt, storageClass } = entry;
  const head = { key, day, client, size, createdAt: createdAt(entry), modifiedAt, storageClass };
  if (manifest === undefined) return jsonLine({ ...head, type, error: error?.message });
  const { events, bytes, quarantined, program } = manifest;
  const shards = [...manifest.shards].map(([shardId, range]) => ({ shardId, ...range }));
  return jsonLine({ ...head, type, program, events, bytes, quarantined, shards });
}

/** Events, shards, first and last arrival; without a manifest, the type of the file. */
function contentsOf(
  { type, manifest }: ListedArchive,
  print: (count: number) => string,
): string[] {
  if (manifest === undefined) return [type === "unprovable" ? "no manifest" : type!, "", "", ""];
  const ranges = [...manifest.shards.values()];
  const times = (of: (range: typeof ranges[number]) => Date) => ranges.map(of).map(Number);
  return [
    ...[print(manifest.events), print(ranges.length)],
    formatTime(Math.min(...times(({ firstArrival }) => firstArrival))),
    formatTime(Math.max(...times(({ lastArrival }) => lastArrival))),
  ];
}

/** When a file was created, by its key: empty if another program used an impossible number. */
function createdAt({ createdAt }: ArchiveEntry): string {
  return formatTime(createdAt * 1000);
}
