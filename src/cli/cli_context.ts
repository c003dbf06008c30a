import type { Clock } from "../clock.ts";

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
  /** Aborted when the user asks the command to come to an end; only commands that can read it. */
  readonly signal: AbortSignal;
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
