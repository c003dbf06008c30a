import type { Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { ObjectStoreError } from "../../base/errors.ts";
import { resolveRange } from "../byte_range.ts";
import { directoryError } from "./directory_error.ts";
import { StreamedBody } from "../object_body.ts";
import type { GetOptions, ObjectBody } from "../object_store.ts";

/** Bytes per read: past 256 KiB, larger reads are no faster. */
const CHUNK_SIZE = 256 * 1024;

/**
 * Opens a file, or a part of it, as a body. The file is open only while its body is being read: a
 * body that is never read holds no file.
 */
export async function readFileRange(path: string, options: GetOptions): Promise<ObjectBody> {
  const file = await open(path, "r");
  try {
    const info = await file.stat();
    if (!info.isFile()) throw Object.assign(new Error("not a file"), { code: "EISDIR" });
    const part = { ...resolveRange(options.range, info.size), info };
    return new StreamedBody(readChunks(path, part, options.signal), info.size);
  } finally {
    await file.close();
  }
}

/** Which bytes to read of which file: when they are read, another file may have its name. */
interface FilePart {
  readonly start: number;
  readonly end: number;
  readonly info: Stats;
}

async function* readChunks(
  path: string,
  { start, end, info }: FilePart,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    if (start < end) file = await openSame(path, info);
    for (let at = start; file && at < end;) {
      signal?.throwIfAborted();
      const chunk = new Uint8Array(Math.min(CHUNK_SIZE, end - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) throw cutShort(path, at, end);
      yield chunk.subarray(0, bytesRead);
      at += bytesRead;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw directoryError(`Cannot get ${path}`, error, { ENOENT: "NoSuchKey" });
  } finally {
    await file?.close();
  }
}

async function openSame(path: string, info: Stats): Promise<FileHandle> {
  const file = await open(path, "r");
  const now = await file.stat();
  if (now.ino === info.ino && now.size === info.size && now.mtimeMs === info.mtimeMs) return file;
  await file.close();
  throw new ObjectStoreError(`Cannot get ${path}: it was replaced before it was read`, {
    code: "ObjectChanged",
  });
}

function cutShort(path: string, at: number, end: number): ObjectStoreError {
  return new ObjectStoreError(
    `Cannot get ${path}: it ends after ${at} bytes instead of ${end}`,
    { code: "IncompleteBody", retryable: true },
  );
}
