import type { Clock } from "../base/clock.ts";
import type { Stopped } from "./stop_signals.ts";

/** Standard output or standard error. */
export interface Output {
  readonly isTerminal: boolean;
  /** Width of the terminal in characters, as it is now; undefined if it is none. */
  readonly columns?: number | undefined;
  /** Its height in lines. */
  readonly rows?: number | undefined;
  /** Calls a function each time that the size changes; returns how to stop that. */
  readonly onResize?: ((listener: () => void) => () => void) | undefined;
  /** Whether this is a file, or thrown away, and not a pipe, which somebody may read on a terminal. */
  isFile?(): Promise<boolean>;
  /** Draws a line that what is written next replaces; an empty one clears it. */
  status?(line: string): Promise<void>;
  /** Whether such a line is on the terminal. */
  readonly isDrawn?: boolean;
  /** Writes all of `data`, text as UTF-8. */
  write(data: Uint8Array | string): Promise<void>;
}

/** Everything a command uses of the world outside. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard input; a piece is valid until the one after the next is requested. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Size of standard input in bytes; undefined if it is no file. */
  readonly stdinSize?: () => Promise<number | undefined>;
  /** Receives data. */
  readonly stdout: Output;
  /** Receives everything else. */
  readonly stderr: Output;
  /** Time and random numbers. */
  readonly clock: Clock;
  /**
   * Aborted by a signal such as SIGTERM. Only commands that end gracefully read it: other commands
   * are ended immediately.
   */
  readonly signal: AbortSignal;
  /** Sets how long the command may take to end gracefully, in milliseconds. */
  readonly endWithin?: (ms: number) => void;
  /** Why the command should end; undefined if no signal was received. */
  readonly stopped?: () => Stopped | undefined;
  /** The commit that the program was compiled from. Default: `unknown`. */
  readonly commit?: string;
}

/** Whether a write failed because the reader has exited, as in `triton cat | head`. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe;
}

/** Writes a report; ignores a closed pipe, because the exit code has the verdict too. */
export async function writeReport({ stdout }: CliContext, text: string): Promise<void> {
  try {
    await stdout.write(text);
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
  }
}
