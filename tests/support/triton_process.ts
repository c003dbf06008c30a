/**
 * The program as processes of its own: started, watched, stopped and killed.
 *
 * @module
 */

import { tritonCommand } from "./triton_command.ts";
import { within } from "./within.ts";

/** What a process that has ended leaves. */
export interface TritonResult {
  /** The exit code; 128 and the signal's number if a signal ended it. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
}

/** What a process finds on its standard input. */
export type TritonInput = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** A running `triton`. */
export class TritonProcess implements AsyncDisposable {
  /** What the process has written to standard error, line by line. */
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
   * @param options Environment variables in addition to the test's own; what standard input holds,
   * which is empty unless given; the program, and its first arguments, that start `triton`, such as
   * `timeout`.
   */
  constructor(
    args: readonly string[],
    options: {
      readonly env?: Record<string, string>;
      readonly input?: TritonInput;
      readonly under?: readonly string[];
    } = {},
  ) {
    const [program, ...programArgs] = [...options.under ?? [], ...tritonCommand()] as [string];
    this.#name = `triton ${args[0]}`;
    this.#child = new Deno.Command(program, {
      args: [...programArgs, ...args],
      env: options.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#watch(options.input ?? "");
  }

  /** The system's number of the process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /** Waits for the end. */
  get ended(): Promise<TritonResult> {
    return this.#ended;
  }

  /** Sends a signal; one that comes too late does not matter. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // A process ends before its output is read to the end.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Sends a signal and waits for the end. */
  stop(signal: Deno.Signal = "SIGTERM"): Promise<TritonResult> {
    this.signal(signal);
    return within(this.#ended, `${this.#name} to end`, () => this.#tail());
  }

  /**
   * Waits until so many lines of the log match; those that are there already count.
   *
   * @throws {Error} If the process ends before.
   */
  until(pattern: RegExp, count = 1): Promise<void> {
    return this.#until(
      () => this.log.filter((line) => pattern.test(line)).length >= count,
      `say ${pattern}`,
    );
  }

  /**
   * Waits until standard output as a whole matches.
   *
   * @throws {Error} If the process ends before.
   */
  untilOutput(pattern: RegExp): Promise<void> {
    return this.#until(() => pattern.test(this.#output), `print ${pattern}`);
  }

  /** Kills the process, if it still runs. */
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
    // Whoever ends before the last line is read says so by its exit code.
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
