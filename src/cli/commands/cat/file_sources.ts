import type { ArchiveOptions } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import { isStandardInput, openInput } from "../../read_input.ts";
import { UsageError } from "../../options/usage_error.ts";

/** A file to print. */
export interface CatSource {
  /** Its path, or its key in the bucket. */
  readonly name: string;
  /** Its bytes; a piece is valid until the one after the next is requested. */
  readonly pieces: AsyncIterable<Uint8Array>;
  /** Bytes that are known to follow, its own included. */
  readonly bytesAhead: number;
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
  const sizes = await Promise.all(paths.map(sizeOf));
  let bytesAhead = sizes.reduce((sum, size) => sum + size, 0);
  for (const [n, name] of paths.entries()) {
    const pieces = await openInput(name, context, undefined, INSTEAD_OF_DIRECTORY);
    yield { name, pieces, bytesAhead, isArgument: true };
    bytesAhead -= sizes[n]!;
  }
}

/** Size of a file; 0 if it is unknown. */
async function sizeOf(path: string): Promise<number> {
  if (isStandardInput(path)) return 0;
  return await Deno.stat(path).then(({ size }) => size, () => 0);
}
