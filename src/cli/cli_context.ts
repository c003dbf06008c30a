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
