/**
 * Runs the program in separate processes: starts, watches, stops and kills them.
 *
 * @module
 */

import { tritonCommand } from "./triton_command.ts";
import { within } from "./within.ts";

/** The result of a process. */
export interface TritonResult {
  /** The exit code; 128 and the signal's number if a signal ended it. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
}

/** The standard input of a process. */
export type TritonInput = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** A running `triton`. */
export class TritonProcess implements AsyncDisposable {
  /** The lines of its standard error. */
  readonly log: string[] = [];
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<TritonResult>;
  #output = "";
  #changed = Promise.withResolvers<void>();
  #over = false;

  /**
   * Starts a process.
   *
   * @param args The arguments of `triton`.
   * @param options Environment variables in addition to the test's; the standard input (default:
   * empty); a program, with its first arguments, that starts `triton`, such as `timeout`; another
   * program, with its first arguments, instead of `triton`.
   */
  constructor(
    args: readonly string[],
    options: {
      readonly env?: Record<string, string>;
      readonly input?: TritonInput;
      readonly under?: readonly string[];
      readonly instead?: readonly string[];
    } = {},
  ) {
    const { under = [], instead = tritonCommand() } = options;
    const [program, ...programArgs] = [...under, ...instead] as [string];
    this.#name = options.instead?.at(-1) ?? `triton ${args[0]}`;
    this.#child = new Deno.Command(program, {
      args: [...programArgs, ...args],
      env: options.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#watch(options.input ?? "");
  }

  /** The process ID. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it has written to standard output so far. */
  get output(): string {
    return this.#output;
  }

  /** Whether the process has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Waits for the end. */
  get ended(): Promise<TritonResult> {
    return this.#ended;
  }

  /** Sends a signal; does nothing if the process has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // A process may end before its output is read completely.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Sends a signal and waits for the end. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<TritonResult> {
    this.signal(signal);
    return within(this.#ended, `${this.#name} to end`, () => this.#tail());
  }

  /**
   * Waits until a number of lines of the log match, including earlier ones.
   *
   * @throws {Error} If the process ends first.
   */
  until(pattern: RegExp, count = 1): Promise<void> {
    return this.#until(
      () => this.log.filter((line) => pattern.test(line)).length >= count,
      `say ${pattern}`,
    );
  }

  /**
   * Waits until the complete standard output matches.
   *
   * @throws {Error} If the process ends first.
   */
  untilOutput(pattern: RegExp): Promise<void> {
    return this.#until(() => pattern.test(this.#output), `print ${pattern}`);
  }

  /** Kills the process if it is still running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal("SIGKILL");
    await this.#ended;
  }

  async #until(seen: () => boolean, what: string): Promise<void> {
    const waiting = (async () => {
      while (!seen()) {
        if (this.#over) throw new Error(`${this.#name} ended before it would ${what}`);
        await this.#changed.promise;
      }
    })();
    await within(waiting, `${this.#name} to ${what}`, () => this.#tail());
  }

  async #watch(input: TritonInput): Promise<TritonResult> {
    // If the reader ends before the last line is read, its exit code shows that.
    const fed = new Response(input).body!.pipeTo(this.#child.stdin).catch(() => {});
    const [status] = await Promise.all([
      this.#child.status,
      this.#readOutput(),
      this.#readLog(),
      fed,
    ]);
    this.#over = true;
    this.#changed.resolve();
    return {
      code: status.code,
      stdout: this.#output,
      stderr: this.log.map((line) => `${line}\n`).join(""),
    };
  }

  async #readOutput(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      this.#notify();
    }
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #readLog(): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      this.log.push(...lines);
      this.#notify();
    }
    if (rest !== "") this.log.push(rest);
  }

  #tail(): string {
    return this.log.slice(-20).join("\n");
  }
}

/** Runs `triton` to its end. */
export async function runTriton(
  args: readonly string[],
  options: ConstructorParameters<typeof TritonProcess>[1] = {},
): Promise<TritonResult> {
  await using process = new TritonProcess(args, options);
  return await within(process.ended, `triton ${args[0]} to end`, () => process.log.join("\n"));
}
