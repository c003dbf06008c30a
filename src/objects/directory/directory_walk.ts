import type { Dirent, Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isMissing } from "./directory_error.ts";
import { compareKeys, isBefore } from "../keys.ts";
import type { FoldersOptions, ListOptions, ObjectInfo } from "../object_store.ts";

/** How many files are inspected at once. */
const STAT_BATCH = 64;

const TEMPORARY_PREFIX = ".triton-tmp-";

/** The name of a file that is not an object yet. */
export function temporaryName(id: string): string {
  return TEMPORARY_PREFIX + id;
}

/** Whether a name is one of {@linkcode temporaryName}: such files are never listed. */
export function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX);
}

/** Lists the files below `root` whose key begins with `prefix`, in the order of their keys. */
export async function* walkFiles(
  root: string,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo> {
  // Fails if the root is missing; below it, what is removed during the walk is skipped.
  const entries = await readdir(root, { withFileTypes: true });
  let batch: string[] = [];
  for await (const key of keysOf({ root, directory: "", entries }, prefix, options)) {
    if (batch.push(key) < STAT_BATCH) continue;
    yield* await describe(root, batch);
    batch = [];
  }
  yield* await describe(root, batch);
}

/** Lists the directories directly below that of `prefix`, in the order of their keys. */
export async function* foldersIn(
  root: string,
  prefix: string,
  { signal, from }: FoldersOptions,
): AsyncGenerator<string> {
  signal?.throwIfAborted();
  const reading = readdir(join(root, prefix), { withFileTypes: true });
  // Only the root must exist.
  const entries = await (prefix === "" ? reading : reading.catch(ifGone([])));
  const folders = entries.filter((entry) => entry.isDirectory())
    .map(({ name }) => `${prefix}${name}/`).filter((folder) => !isBefore(folder, from));
  yield* folders.sort(compareKeys);
}

/** A directory of the walk: its path from the root as the start of keys, `""` or `a/b/`. */
interface Level {
  readonly root: string;
  readonly directory: string;
  readonly entries: readonly Dirent[];
}

async function* keysOf(
  { root, directory, entries }: Level,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<string> {
  // A directory's keys continue with a slash, which gives its place among files, as in git's trees.
  const names = entries.filter((entry) => !isTemporary(entry.name))
    .map((entry) => directory + entry.name + (entry.isDirectory() ? "/" : ""))
    .filter((key) => mayHold(key, prefix, options.startAfter))
    .sort(compareKeys);
  for (const key of names) {
    options.signal?.throwIfAborted();
    if (!key.endsWith("/")) {
      yield key;
    } else {
      const below = await readdir(join(root, key), { withFileTypes: true }).catch(ifGone([]));
      yield* keysOf({ root, directory: key, entries: below }, prefix, options);
    }
  }
}

/** Whether to list a key, or for a directory any key that begins with it. */
function mayHold(key: string, prefix: string, startAfter = ""): boolean {
  if (!key.endsWith("/")) return key.startsWith(prefix) && compareKeys(key, startAfter) > 0;
  if (!key.startsWith(prefix) && !prefix.startsWith(key)) return false;
  return startAfter.startsWith(key) || compareKeys(key, startAfter) > 0;
}

async function describe(root: string, keys: readonly string[]): Promise<ObjectInfo[]> {
  const files = await Promise.all(
    keys.map((key) => stat(join(root, key)).catch(ifGone<Stats | undefined>(undefined))),
  );
  return keys.flatMap((key, i) => {
    const file = files[i];
    return file?.isFile() ? [{ key, size: file.size, modifiedAt: file.mtime }] : [];
  });
}

function ifGone<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return instead;
    throw error;
  };
}
