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
 * @param instead What to do instead of passing a directory.
 * @returns Its bytes; a piece is valid until the one after the next is requested.
 * @throws {TritonError} If there is no such file.
 */
export async function openInput(
  path: string,
  { stdin }: Pick<CliContext, "stdin">,
  what = `Cannot read "${path}"`,
  instead = "pass a file",
): Promise<AsyncIterable<Uint8Array>> {
  if (isStandardInput(path)) return stdin;
  const [, bucket, key] = /^(s3:\/\/.+?)\/(\d{8}\/[^/]+)$/.exec(path) ?? [];
  if (key !== undefined) {
    throw new TritonError(
      `${what}: it is in S3; pass its key: echo ${key} | triton cat --bucket ${bucket} --keys-from -`,
    );
  }
  try {
    if (!(await Deno.stat(path)).isDirectory) return readToEnd(await Deno.open(path));
  } catch (error) {
    throw new TritonError(`${what}: ${reasonOf(error)}`, { cause: error });
  }
  throw new TritonError(`${what}: it is a directory; ${instead}`);
}

/** Size of inputs in bytes; undefined if that of one of them is unknown, such as that of a pipe. */
export async function sizeOfInputs(
  paths: readonly string[],
  { stdinSize }: Pick<CliContext, "stdinSize">,
): Promise<number | undefined> {
  const sizes = await Promise.all(paths.map(async (path) => {
    if (isStandardInput(path)) return await stdinSize?.();
    const { isFile, size } = await Deno.stat(path);
    return isFile ? size : undefined;
  }));
  return sizes.reduce(
    (sum, size) => sum === undefined || size === undefined ? undefined : sum + size,
    0,
  );
}

/** The same pieces; calls a function with the size of each. */
export async function* countBytes(
  pieces: AsyncIterable<Uint8Array>,
  onBytes: (size: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    onBytes(piece.length);
    yield piece;
  }
}

/**
 * Reads all of a file that was passed as an argument, or of standard input, as text.
 *
 * @param what What cannot be done if it fails.
 * @throws {TritonError} If it cannot be read, or is not UTF-8.
 */
export async function readTextInput(
  path: string,
  context: Pick<CliContext, "stdin">,
  what: string,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const source = await openInput(path, context, what);
  let text = "";
  try {
    for await (const piece of source) text += decoder.decode(piece, { stream: true });
    return text + decoder.decode();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new TritonError(`${what}: it is not UTF-8 text`, { cause });
  }
}

/** Reads all of standard input as text. */
export function readStandardInput(context: Pick<CliContext, "stdin">): Promise<string> {
  return readTextInput("-", context, "Cannot read standard input");
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
