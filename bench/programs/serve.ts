/**
 * Servers as processes of their own, so that their CPU time is nobody else's.
 *
 * @module
 */

/** In the server's process: says where it is, and ends with its standard input. */
export async function serveWhileWanted(url: string): Promise<never> {
  console.log(url);
  for await (const _ of Deno.stdin.readable);
  Deno.exit(0);
}

/** A server in a process of its own; disposing of it ends it. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
}

/** Starts one of the programs of this folder. */
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
  if (value === undefined) throw new Error(`Cannot start ${file}: it ended at once`);
  return {
    url: new TextDecoder().decode(value).trim(),
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await child.status;
      await output.cancel();
    },
  };
}
