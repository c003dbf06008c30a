import type { ArchiveOptions } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import { openInput } from "../../read_input.ts";
import { UsageError } from "../../options/usage_error.ts";

/** A file to print. */
export interface CatSource {
  /** Its path, or its key in the bucket. */
  readonly name: string;
  /** Its bytes; a piece is valid until the one after the next is requested. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Whether the user has passed the file, so that it may be of any kind. */
  readonly isArgument: boolean;
}

const INSTEAD_OF_DIRECTORY = "pass the files in it, or use --bucket file:///DIR with --stream";

/** Yields the files that were passed as arguments. */
export async function* fileSources(
  paths: readonly string[],
  options: Partial<ArchiveOptions>,
  context: CliContext,
): AsyncGenerator<CatSource> {
  if (options.stream !== undefined || options.startDate !== undefined) {
    throw new UsageError("Cannot cat both FILE arguments and a --stream: pass only one of them");
  }
  if (options.part !== undefined || options.keysFrom !== undefined) {
    throw new UsageError(
      "Cannot cat FILE arguments with --part or --keys-from, which need a bucket",
    );
  }
  for (const name of paths) {
    const pieces = await openInput(name, context, undefined, INSTEAD_OF_DIRECTORY);
    yield { name, pieces, isArgument: true };
  }
}
