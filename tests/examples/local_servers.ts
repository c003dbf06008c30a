/**
 * What the examples run on: `deno task local` as a process of its own.
 *
 * @module
 */

import { join } from "node:path";

const ROOT = new URL("../..", import.meta.url).pathname;

/** What an example leaves. */
export interface ExampleResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run an example. */
export interface ExampleOptions {
  /** What it finds on standard input: nothing unless given. */
  readonly input?: string;
  /** Sent a SIGINT as soon as its output matches. */
  readonly stopAt?: RegExp;
  /** The host of its PostgreSQL. */
  readonly postgres?: string;
}

/** `deno task local`, and a folder to run examples in. */
export class LocalServers implements AsyncDisposable {
  /** The environment that it says to use. */
  readonly env: Record<string, string>;
  /** The folder that examples run in. */
  readonly folder: string;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, folder: string, env: Record<string, string>) {
    this.#child = child;
    this.folder = folder;
    this.env = env;
  }

  /** Starts it on free ports, and reads the environment from the file that it names. */
  static async start(): Promise<LocalServers> {
    const folder = await Deno.makeTempDir();
    const options = ["--kinesis-port=0", "--s3-port=0", `--folder=${folder}/local`];
    const child = spawn(["task", "--quiet", "local", ...options], { cwd: ROOT });
    await child.stdin.close();
    const where = /\n {2}\. (\S+)\n/;
    const printed = where.exec(await readUntil(child.stdout, (text) => where.test(text)))!;
    void child.stderr.cancel();
    const script = await Deno.readTextFile(printed[1]!);
    const env = [...script.matchAll(/^export (\w+)="(.*)"$/gm)].map((match) => match.slice(1));
    return new LocalServers(child, folder, Object.fromEntries(env));
  }

  /**
   * Runs an example with the permissions that stand in its own text, and no others: only the AWS host
   * in them is replaced by that of the local server.
   */
  async run(
    name: string,
    args: string[] = [],
    options: ExampleOptions = {},
  ): Promise<ExampleResult> {
    const path = join(ROOT, "examples", name);
    const flags = flagsOf(await Deno.readTextFile(path)).map((flag) =>
      this.#localHost(flag).replace("localhost:5432", options.postgres ?? "localhost:5432")
    );
    const command = ["run", "--quiet", `--config=${ROOT}deno.json`, ...flags, path, ...args];
    const child = spawn(command, { cwd: this.folder, env: this.env });
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.input ?? ""));
    await writer.close();
    const [stdout, stderr, { code }] = await Promise.all([
      readWatching(child, options.stopAt),
      new Response(child.stderr).text(),
      child.status,
    ]);
    return { code, stdout, stderr };
  }

  /**
   * Archives the stream until so many events are archived.
   *
   * @returns The days that archives were written for, such as `20260901`.
   */
  async store(total: number): Promise<Set<string>> {
    const command = ["run", "--quiet", "--allow-all", join(ROOT, "cli.ts"), "store"];
    const args = [...command, "--stream", "earthquakes", "--rotate", "2s"];
    const child = spawn(args, { cwd: this.folder, env: this.env });
    await child.stdin.close();
    void child.stdout.cancel();
    const archived = (log: string) => [...log.matchAll(/Archived (\d+)\/\S+: (\d+) events/g)];
    const sum = (log: string) => archived(log).reduce((sum, [, , count]) => sum + Number(count), 0);
    const log = await readUntil(child.stderr, (text) => sum(text) >= total);
    child.kill("SIGTERM");
    await child.status;
    return new Set(archived(log).map(([, day]) => day!));
  }

  /** Stops the servers as Ctrl-C does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await Deno.remove(this.folder, { recursive: true });
  }

  #localHost(flag: string): string {
    const host = (name: string) => new URL(this.env[name]!).host;
    return flag
      .replace("kinesis.us-east-1.amazonaws.com:443", host("AWS_ENDPOINT_URL_KINESIS"))
      .replace("triton-prod.s3.us-east-1.amazonaws.com:443", host("AWS_ENDPOINT_URL_S3"));
  }
}

/** The flags of the command in an example's first comment or line. */
function flagsOf(text: string): string[] {
  const head = text.slice(0, text.indexOf("*/"));
  const flags = [...head.matchAll(/(?<=\s)--(?:no-prompt|allow-(?!read=\$HOME)[^\s`]+)(?=\s)/g)];
  const found = [...new Set(flags.map(([flag]) => flag))];
  if (found[0] !== "--no-prompt") throw new Error("Cannot find the command of the example");
  return found;
}

function spawn(
  args: string[],
  options: { readonly cwd: string; readonly env?: Record<string, string> },
): Deno.ChildProcess {
  const env = { NO_COLOR: "1", ...options.env };
  const piped = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(Deno.execPath(), { args, ...options, env, ...piped }).spawn();
}

/** Reads until a text has come, and then lets the rest go by. */
async function readUntil(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  isEnough: (text: string) => boolean,
): Promise<string> {
  let text = "";
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  while (!isEnough(text)) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Cannot go on, for the process has ended: ${text}`);
    text += value;
  }
  void (async () => {
    while (!(await reader.read()).done);
  })();
  return text;
}

async function readWatching(child: Deno.ChildProcess, stopAt: RegExp | undefined): Promise<string> {
  let text = "";
  let stopped = false;
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (stopped || !stopAt?.test(text)) continue;
    stopped = true;
    child.kill("SIGINT");
  }
  return text;
}
