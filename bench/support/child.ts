/**
 * Runs processes and measures their time and memory. Linux only: it reads `/proc`.
 *
 * @module
 */

import { memoryMb } from "../../tests/support/proc.ts";
import { TextLineStream } from "./text_lines.ts";

/** The cost of a process. */
export interface Usage {
  /** From its start to its end, in seconds. */
  readonly seconds: number;
  /** User and system time of all its threads, in seconds. */
  readonly cpuSeconds: number;
  /** Peak resident memory of a whole process, in MB. */
  readonly peakMb?: number;
}

/** How to start a process. */
export interface MeasuredOptions {
  /** Environment variables in addition to the benchmark's own. */
  readonly env?: Record<string, string>;
  /** File for its standard input. Default: it is empty. */
  readonly stdin?: string;
  /** File or named pipe for its standard output. Default: it is discarded. */
  readonly stdout?: string;
}

/** The kernel's unit of CPU time: USER_HZ is 100 on every architecture that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** How often the peak memory is read: it never falls, so only the last moments can be missed. */
const SAMPLE_MS = 10;

/** One process. Measure one at a time: CPU time is that of all children that ended meanwhile. */
export class MeasuredProcess {
  /** The lines of its standard error. */
  readonly log: string[] = [];
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #startedAt = performance.now();
  readonly #cpuBefore = childrenCpuSeconds();
  readonly #usage: Promise<Usage>;
  #peakMb = 0;
  #ended = false;
  #waiting: { readonly seen: () => boolean; readonly done: (ended?: Error) => void }[] = [];

  constructor(command: readonly string[], options: MeasuredOptions = {}) {
    this.#name = command.slice(-4).join(" ");
    const { stdin = "/dev/null", stdout = "/dev/null" } = options;
    // The shell is replaced by the program, so its process ID is that of the program.
    this.#child = new Deno.Command("sh", {
      args: ["-c", 'exec <"$0" >"$1"; shift; exec "$@"', stdin, stdout, ...command],
      env: options.env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#usage = this.#measure();
    this.#usage.catch(() => {});
  }

  /** CPU time so far, in seconds. */
  get cpuSeconds(): number {
    return cpuTicks(this.#child.pid, 14, 15) / TICKS_PER_SECOND;
  }

  /** Current resident memory, in MB. */
  get residentMb(): number {
    return memoryMb(this.#child.pid, "VmRSS");
  }

  /** Waits for the end; rejects if the process failed. */
  get ended(): Promise<Usage> {
    return this.#usage;
  }

  /** Stops the process, and waits until it has ended. */
  stop(): Promise<Usage> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    return this.#usage;
  }

  /** Waits until a number of lines of the log match; returns the seconds since the start. */
  async until(pattern: RegExp, count = 1): Promise<number> {
    const seen = () => this.log.filter((line) => pattern.test(line)).length >= count;
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ seen, done: (error) => error ? reject(error) : resolve() });
      this.#notify();
    });
    return (performance.now() - this.#startedAt) / 1000;
  }

  #notify(ended?: Error): void {
    this.#waiting = this.#waiting.filter(({ seen, done }) => {
      const isSeen = seen();
      if (isSeen) done();
      else if (ended !== undefined) done(ended);
      return !isSeen && ended === undefined;
    });
  }

  async #measure(): Promise<Usage> {
    const { pid } = this.#child;
    const sampler = setInterval(() => {
      this.#peakMb = Math.max(this.#peakMb, memoryMb(pid, "VmHWM"));
    }, SAMPLE_MS);
    const reading = this.#readLog();
    const { code } = await this.#child.status;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const cpuSeconds = childrenCpuSeconds() - this.#cpuBefore;
    clearInterval(sampler);
    this.#ended = true;
    await reading;
    this.#notify(new Error(`${this.#name} ended too early: ${this.#tail()}`));
    if (code !== 0) throw new Error(`${this.#name} exited with ${code}: ${this.#tail()}`);
    return { seconds, cpuSeconds, peakMb: this.#peakMb };
  }

  async #readLog(): Promise<void> {
    const lines = this.#child.stderr.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      this.log.push(line);
      this.#notify();
    }
  }

  #tail(): string {
    return this.log.slice(-5).join("\n");
  }
}

/** Runs a process to its end. */
export function runMeasured(
  command: readonly string[],
  options: MeasuredOptions = {},
): Promise<Usage> {
  return new MeasuredProcess(command, options).ended;
}

/** CPU time of all children that have ended, in seconds. */
function childrenCpuSeconds(): number {
  return cpuTicks("self", 16, 17) / TICKS_PER_SECOND;
}

/** Sums two fields of `/proc/PID/stat`, counted from 1 as in proc(5). */
function cpuTicks(pid: number | "self", ...fields: [number, number]): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The second field is a name in parentheses that may contain spaces.
  const rest = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.reduce((sum, field) => sum + Number(rest[field - 3]), 0);
}
