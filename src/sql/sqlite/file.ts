import { statSync } from "node:fs";
import { CheckpointError } from "../../base/errors.ts";

/**
 * Watches that a database stays in its file. A process that has opened a file goes on in it when it
 * is deleted; another that opens the path begins a new one, and neither would know of the other.
 *
 * @param path The file, which is there.
 * @returns Throws a {@linkcode CheckpointError} once the path names another file, or none.
 */
export function watchFile(path: string): () => void {
  const opened = identify(path);
  return () => {
    if (identify(path) === opened) return;
    throw new CheckpointError(
      `Cannot go on in the checkpoint database "${path}": its file was deleted or replaced; ` +
        "stop all workers before they start again",
      { code: "SQLITE_MOVED", retryable: false },
    );
  };
}

/** What tells a file from all others of this machine; undefined if there is none. */
function identify(path: string): string | undefined {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  return file && `${file.dev} ${file.ino}`;
}
