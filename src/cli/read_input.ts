import { TritonError } from "../base/errors.ts";
import type { CliContext } from "./cli_context.ts";
import { readAhead } from "./read_ahead.ts";

/** The names of standard input: opening a device would need all permissions of Deno. */
const STANDARD_INPUT: ReadonlySet<string> = new Set([
  "-",
  "/dev/stdin",
  "/dev/fd/0",
  "/proc/self/fd/0",
]);

/** Whether a path is standard input. */
export function isStandardInput(path: string): boolean {
  return STANDARD_INPUT.has(path);
}

/**
 * Opens a file that was passed as an argument, or standard input.
 *
 * @param what What cannot be done if it fails. Default: to read the file.
 * @returns Its bytes; a piece is valid until the one after the next is requested.
 * @throws {TritonError} If there is no such file.
 */
export async function openInput(
  path: string,
  { stdin }: Pick<CliContext, "stdin">,
  what = `Cannot read "${path}"`,
): Promise<AsyncIterable<Uint8Array>> {
  if (isStandardInput(path)) return stdin;
  try {
    if (!(await Deno.stat(path)).isDirectory) return readToEnd(await Deno.open(path));
  } catch (error) {
    throw new TritonError(`${what}: ${reasonOf(error)}`, { cause: error });
  }
  throw new TritonError(
    `${what}: it is a directory; pass the files in it, or use --bucket file:///DIR with --stream`,
  );
}

/**
 * Reads all of standard input as text.
 *
 * @throws {TritonError} If it is not UTF-8.
 */
export async function readStandardInput({ stdin }: Pick<CliContext, "stdin">): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  try {
    for await (const piece of stdin) text += decoder.decode(piece, { stream: true });
    return text + decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new TritonError("Cannot read standard input: it is not UTF-8 text", { cause });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  const { message } = error as Error;
  return /all access|--allow-all/.test(message)
    ? "it is a device; pass its data through standard input, which is -"
    : message;
}

async function* readToEnd(file: Deno.FsFile): AsyncGenerator<Uint8Array> {
  using _ = file;
  yield* readAhead(file);
}
