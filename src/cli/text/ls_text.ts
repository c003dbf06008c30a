import type { ArchiveEntry, ArchiveManifest, InspectedArchive } from "../../archive/mod.ts";
import { formatBytes, formatCount } from "./progress.ts";
import { formatTime } from "./table.ts";
import { jsonLine, tabLine } from "./say.ts";

/** An archive as `triton ls` tells of it. */
export interface ListedArchive {
  readonly entry: ArchiveEntry;
  /** What the file is; undefined if nobody looked. */
  readonly type: InspectedArchive["type"] | undefined;
  readonly manifest: ArchiveManifest | undefined;
  /** Why it is damaged. */
  readonly error: Error | undefined;
}

/** Takes from an inspected archive what is told of it. */
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

/** The heads of the columns. */
export function lsHead(long: boolean): string[] {
  return [
    "key",
    "size",
    ...long ? ["events", "shards", "first arrival", "last arrival"] : ["created"],
  ];
}

/** A row for people. */
export function toCells(archive: ListedArchive, long: boolean): string[] {
  const { entry } = archive;
  const more = long ? contentsOf(archive, formatCount) : [createdAt(entry)];
  return [entry.key, formatBytes(entry.size), ...more];
}

/** A line for programs. */
export function toTabs(archive: ListedArchive, long: boolean): string {
  const { entry } = archive;
  const more = long ? contentsOf(archive, String) : [createdAt(entry)];
  return tabLine([entry.key, entry.size, ...more]);
}

/** All that is known of an archive. */
export function toJson({ entry, type, manifest, error }: ListedArchive): string {
  const { key, day, client, size, modifiedAt } = entry;
  const head = { key, day, client, size, createdAt: createdAt(entry), modifiedAt };
  if (manifest === undefined) return jsonLine({ ...head, type, error: error?.message });
  const { events, bytes, quarantined, program } = manifest;
  const shards = [...manifest.shards].map(([shardId, range]) => ({ shardId, ...range }));
  return jsonLine({ ...head, type, program, events, bytes, quarantined, shards });
}

/** Events, shards, first and last arrival; of a file that says nothing, what it is instead. */
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

/** When a file was created, by its key: another program may have written any number there. */
function createdAt({ createdAt }: ArchiveEntry): string {
  return formatTime(createdAt * 1000);
}
