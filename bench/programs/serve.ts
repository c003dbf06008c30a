/**
 * Runs servers as separate processes, so that their CPU time is not counted for others.
 *
 * @module
 */

/** In the server's process: prints its URL, and exits when its standard input ends. */
export async function serveWhileWanted(url: string): Promise<never> {
  console.log(url);
  for await (const _ of Deno.stdin.readable);
  Deno.exit(0);
}

/** A server in a separate process, which ends when this is disposed. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
}

/** Starts one of the programs in this folder. */
export async function startServer(
  file: string,
  ...args: readonly unknown[]
): Promise<ServerProcess> {
  const program = new URL(file, import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", program, ...args.map(String)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.getReader();
  const { value } = await output.read();
  if (value === undefined) throw new Error(`Cannot start ${file}: it exited immediately`);
  return {
    url: new TextDecoder().decode(value).trim(),
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await child.status;
      await output.cancel();
    },
  };
}
