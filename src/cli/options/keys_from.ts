import {
  findArchives,
  type FindArchivesOptions,
  type NamedKey,
} from "../../archive/listing/find_archives.ts";
import { readKeyLines } from "../../archive/listing/key_lines.ts";
import type { ArchiveEntry } from "../../archive/mod.ts";
import type { ObjectStore } from "../../objects/mod.ts";
import type { CliContext } from "../cli_context.ts";
import { isStandardInput, openInput } from "../read_input.ts";

/**
 * Finds the archives that `--keys-from` lists.
 *
 * @param path A file of keys, or `-` for standard input.
 * @param store The object store, which retries.
 */
export async function* archivesFrom(
  path: string,
  store: ObjectStore,
  selection: FindArchivesOptions,
  context: CliContext,
): AsyncGenerator<ArchiveEntry> {
  yield* findArchives(store, keysIn(path, context), selection);
}

/** Reads the keys that `--keys-from` lists. */
export async function* keysIn(path: string, context: CliContext): AsyncGenerator<NamedKey> {
  const what = `Cannot read the keys in "${path}"`;
  const name = isStandardInput(path) ? "standard input" : path;
  yield* readKeyLines(await openInput(path, context, what), name);
}
