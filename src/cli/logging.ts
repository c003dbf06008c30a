import type { Logger, LogRecord } from "@logtape/logtape";
import type { CliContext } from "./cli_context.ts";
import { formatJsonLine, type Redact, TextLines } from "./text/log_lines.ts";
import type { LogSettings } from "./options/log_settings.ts";
import { redact } from "./text/redact.ts";

/**
 * Sends the library's log to standard error, one line per event.
 *
 * @returns A function that waits until all lines are written.
 */
export async function logToStderr(
  context: CliContext,
  settings: LogSettings,
): Promise<() => Promise<void>> {
  const { configure, getLogger } = await import("@logtape/logtape");
  const lines = new LineWriter(context, getLogger(["triton", "cli"]));
  const mask: Redact = (text, options) => redact(text, context.env, options);
  const text = new TextLines();
  const format = settings.format === "json"
    ? (record: LogRecord) => formatJsonLine(record, mask)
    : (record: LogRecord) => text.format(record, mask, settings.colors);
  await configure({
    reset: true,
    sinks: { stderr: (record: LogRecord) => lines.write(format(record)) },
    loggers: [
      { category: ["triton"], sinks: ["stderr"], lowestLevel: settings.level },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
  });
  return () => lines.written();
}

/** Logs why a command failed. */
export async function logFailure(command: string, reason: string): Promise<void> {
  const { getLogger } = await import("@logtape/logtape");
  const log = getLogger(["triton", "cli"]);
  log.error("{reason}", { event: "command.failed", command, reason });
}

/** Longest queue of lines: more lines are dropped while standard error is not read. */
const MAX_WAITING = 1_000;

/** Writes lines in order, in the background. */
class LineWriter {
  readonly #context: CliContext;
  readonly #log: Logger;
  #written: Promise<void> = Promise.resolve();
  #waiting = 0;
  #dropped = 0;

  constructor(context: CliContext, log: Logger) {
    this.#context = context;
    this.#log = log;
  }

  /** Waits until all lines are written. */
  async written(): Promise<void> {
    while (this.#waiting > 0) await this.#written;
  }

  write(line: string): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting++;
    const { stderr } = this.#context;
    // If standard error is gone, this cannot be reported, and archiving continues without it.
    this.#written = this.#written.then(() => stderr.write(line)).catch(() => {}).then(() => {
      this.#waiting--;
      this.#reportDropped();
    });
  }

  /** Logs how many lines were dropped, at the position where they are missing. */
  #reportDropped(): void {
    const lines = this.#dropped;
    if (lines === 0) return;
    this.#dropped = 0;
    this.#log.warn("{lines} lines of the log were dropped, because standard error was not read", {
      event: "log.dropped",
      lines,
    });
  }
}
