/** The commit if none was recorded. */
export const UNKNOWN_COMMIT = "unknown";

const COMMIT = /^[0-9a-f]{40}(-modified)?$/;

/**
 * Reads the commit an executable was compiled from.
 *
 * `deno task compile` writes it to `commit.txt` beside the bundle, and embeds that file. It counts
 * only in an executable: beside a bundle, the file may be that of an older commit.
 *
 * @returns The commit, or {@linkcode UNKNOWN_COMMIT}.
 */
export function readCommit(file: URL, isExecutable: boolean): string {
  if (!isExecutable) return UNKNOWN_COMMIT;
  try {
    const commit = Deno.readTextFileSync(file).trim();
    return COMMIT.test(commit) ? commit : UNKNOWN_COMMIT;
  } catch {
    return UNKNOWN_COMMIT; // compiled without the task, or not allowed to read itself
  }
}
