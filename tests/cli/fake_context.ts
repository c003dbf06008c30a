/**
 * Runs commands inside the tests.
 *
 * @module
 */

import type { CliContext } from "../../src/cli/cli_context.ts";
import { main } from "../../src/cli/main.ts";
import { StatusOutput } from "../../src/cli/text/status_output.ts";
import { type Clock, VirtualClock } from "../../src/base/clock.ts";

/** The result of a command. */
export interface CommandResult {
  /** The exit code. */
  readonly code: number;
  /** The bytes on standard output. */
  readonly bytes: Uint8Array;
  /** Standard output as text. */
  readonly stdout: string;
  /** The text on standard error. */
  readonly stderr: string;
}

/** The world outside, for a test. */
export interface FakeWorld {
  /** Environment variables. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. Default: empty. */
  readonly stdin?: string | Uint8Array;
  /** Whether standard error is a terminal. */
  readonly isTerminal?: boolean;
  /** Whether standard output is a terminal. */
  readonly stdoutIsTerminal?: boolean;
  /** Whether standard output is a pipe. Default: it is a file. */
  readonly stdoutIsPipe?: boolean;
  /** Width of the terminal. */
  readonly columns?: number | undefined;
  /** Its height. */
  readonly rows?: number | undefined;
  /** Receives what standard output calls when the terminal is resized. */
  readonly onResize?: (listener: () => void) => () => void;
  /** Called before each write to standard output; if it fails, the write fails. */
  readonly beforeWrite?: () => void;
  /** The clock. Default: a virtual one. */
  readonly clock?: Clock;
  /** Stops the command. */
  readonly signal?: AbortSignal;
}

/** Runs one command line in a fake world. */
export async function runCommand(
  args: readonly string[],
  world: FakeWorld = {},
): Promise<CommandResult> {
  const [out, err]: [Uint8Array[], Uint8Array[]] = [[], []];
  const encoder = new TextEncoder();
  const output = (parts: Uint8Array[], isTerminal = false, before = () => {}) => ({
    isTerminal,
    isFile: () => Promise.resolve(!isTerminal && world.stdoutIsPipe !== true),
    get columns() {
      return isTerminal ? world.columns : undefined;
    },
    get rows() {
      return isTerminal ? world.rows : undefined;
    },
    onResize: world.onResize,
    async write(data: Uint8Array | string): Promise<void> {
      await Promise.resolve();
      before();
      parts.push(typeof data === "string" ? encoder.encode(data) : data.slice());
    },
  });
  const { stdin = "", isTerminal, stdoutIsTerminal, beforeWrite } = world;
  const context: CliContext = {
    env: world.env ?? {},
    stdin: (async function* () {
      yield await Promise.resolve(typeof stdin === "string" ? encoder.encode(stdin) : stdin);
    })(),
    stdout: output(out, stdoutIsTerminal, beforeWrite),
    stderr: new StatusOutput(output(err, isTerminal)),
    clock: world.clock ?? new VirtualClock(),
    signal: world.signal ?? new AbortController().signal,
  };
  const code = await main(args, context);
  const [bytes, errors] = [join(out), join(err)];
  const decoder = new TextDecoder();
  return { code, bytes, stdout: decoder.decode(bytes), stderr: decoder.decode(errors) };
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
