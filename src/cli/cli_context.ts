import type { Clock } from "../base/clock.ts";
import type { Stopped } from "./stop_signals.ts";

/** Somewhere a command writes to: standard output or standard error. */
export interface Output {
  /** Whether a person watches. */
  readonly isTerminal: boolean;
  /** How many characters a line of the terminal holds, where that is known. */
  readonly columns?: number | undefined;
  /** Writes all of `data`; text as UTF-8. */
  write(data: Uint8Array | string): Promise<void>;
}

/** All that a command sees of the world outside. */
export interface CliContext {
  /** The environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Standard input. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Where data goes. */
  readonly stdout: Output;
  /** Where everything else goes. */
  readonly stderr: Output;
  /** Time and chance. */
  readonly clock: Clock;
  /**
   * Aborted when the user asks the command to come to an end. Only commands that end gracefully read
   * it: the others are ended at once.
   */
  readonly signal: AbortSignal;
  /** Sets how long the command may take to end gracefully, in milliseconds. */
  readonly endWithin?: (ms: number) => void;
  /** Why the command is to end; undefined if no signal was received. */
  readonly stopped?: () => Stopped | undefined;
  /** The commit that the program was compiled from. Default: `unknown`. */
  readonly commit?: string;
}

/** Whether a write failed because nobody reads any more, as of `triton cat | head`. */
export function isClosedPipe(error: unknown): boolean {
  return error instanceof Deno.errors.BrokenPipe;
}

/** Writes a report whose verdict the exit code tells as well: also where nobody reads to its end. */
export async function writeReport({ stdout }: CliContext, text: string): Promise<void> {
  try {
    await stdout.write(text);
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
  }
}
