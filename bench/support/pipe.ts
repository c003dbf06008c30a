/**
 * The other end of a pipe.
 *
 * @module
 */

/** A named pipe, and a process that reads all of it and counts the bytes. */
export class PipeReader {
  /** Path of the pipe, for one process to write to. */
  readonly path: string;
  readonly #child: Deno.ChildProcess;

  constructor(path: string) {
    this.path = path;
    const made = new Deno.Command("mkfifo", { args: [path] }).outputSync();
    if (!made.success) throw new Error(`Cannot make the named pipe "${path}"`);
    // The reader outlives the writer, so that its CPU time is not counted for the writer.
    this.#child = new Deno.Command("sh", {
      args: ["-c", 'wc -c <"$0"; read -r _', path],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  /** Waits for the end of the writer; returns the number of bytes. */
  async close(): Promise<number> {
    await this.#child.stdin.close();
    const { stdout } = await this.#child.output();
    await Deno.remove(this.path);
    return Number(new TextDecoder().decode(stdout));
  }
}
