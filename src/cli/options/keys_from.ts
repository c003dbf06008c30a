import {
  findArchives,
  type FindArchivesOptions,
  type NamedKey,
} from "../../archive/listing/find_archives.ts";
import { readKeyLines } from "../../archive/listing/key_lines.ts";
import type { ArchiveEntry } from "../../archive/mod.ts";
import { TritonError } from "../../base/errors.ts";
import type { ObjectStore } from "../../objects/mod.ts";
import type { CliContext } from "../cli_context.ts";
import { readAhead } from "../read_ahead.ts";

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
export async function* keysIn(path: string, { stdin }: CliContext): AsyncGenerator<NamedKey> {
  if (path === "-") yield* readKeyLines(stdin, "standard input");
  else yield* readKeyLines(readToEnd(await open(path)), path);
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new TritonError(`Cannot read the keys in "${path}": no such file`, { cause: error });
  }
}

async function* readToEnd(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  using _ = file;
  yield* readAhead(file);
}
