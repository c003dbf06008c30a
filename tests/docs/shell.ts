import { childrenOf } from "../support/proc.ts";

/** Printed after each command: no command prints it. */
const END = "--- end of the command ---\n";

/** A shell that runs one command after another, as a reader types them. */
export class Shell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;

  /** Starts bash in a folder; what commands write to standard error is output, too. */
  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    this.#child = new Deno.Command("bash", {
      args: ["-c", "exec 2>&1; exec bash --noprofile --norc"],
      cwd,
      env,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Runs a command to its end.
   *
   * @param command One line or more.
   * @param stopAt When its output matches, it gets the signal that Ctrl-C sends.
   * @returns What it printed.
   */
  async run(command: string, stopAt?: (output: string) => boolean): Promise<string> {
    await this.#input.write(new TextEncoder().encode(`${command}\nprintf '%s' '${END}'\n`));
    let [text, stopped] = ["", false];
    while (!text.endsWith(END)) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`The shell ended after ${command}: ${text}`);
      text += value;
      if (stopped || stopAt === undefined || !stopAt(text)) continue;
      stopped = true;
      for (const pid of childrenOf(this.#child.pid)) Deno.kill(pid, "SIGINT");
    }
    return text.slice(0, -END.length);
  }

  /** Starts a command that keeps running in this shell, until it has printed something. */
  async start(command: string, isUp: (output: string) => boolean): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`exec ${command}\n`));
    let text = "";
    while (!isUp(text)) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`${command} has ended: ${text}`);
      text += value;
    }
  }

  /** Ends the shell, or the command that runs in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // the command may have closed it
    this.#child.kill("SIGTERM");
    while (!(await this.#output.read()).done);
    await this.#child.status;
  }
}
