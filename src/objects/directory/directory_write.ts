import { type FileHandle, link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { systemCode } from "./directory_error.ts";
import { temporaryName } from "./directory_walk.ts";

/**
 * Writes a file atomically and durably.
 *
 * The bytes go to a temporary file in the same directory, which is synced before it gets the name: by
 * `link`, which fails if the name exists, or by `rename`, which replaces.
 *
 * @returns `"exists"` if `ifAbsent` is set and the name exists.
 */
export async function writeFileWhole(
  path: string,
  parts: readonly Uint8Array[],
  { ifAbsent }: { readonly ifAbsent: boolean },
): Promise<"created" | "exists"> {
  const directory = dirname(path);
  const created = await mkdir(directory, { recursive: true });
  const temporary = join(directory, temporaryName(crypto.randomUUID()));
  try {
    await writeSynced(temporary, parts);
    if (!ifAbsent) await rename(temporary, path);
    else if (!await linkIfAbsent(temporary, path)) return "exists";
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectories(directory, created);
  return "created";
}

async function writeSynced(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "wx");
  try {
    // Each where the last one ended.
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Syncs the names: of the file in its directory, and of each new directory in the one above. */
async function syncDirectories(directory: string, firstCreated: string | undefined): Promise<void> {
  const top = firstCreated === undefined ? directory : dirname(firstCreated);
  for (let at = directory;; at = dirname(at)) {
    await syncDirectory(at);
    if (at === top || at === dirname(at)) return;
  }
}

/** Syncs one directory, unless this process may write into it but not read it. */
async function syncDirectory(path: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    const refused = ["EACCES", "EPERM"].includes(systemCode(error) ?? "") ||
      (error as Error).name === "NotCapable";
    if (refused) return;
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
