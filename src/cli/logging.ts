import type { Logger, LogRecord } from "@logtape/logtape";
import type { CliContext } from "./cli_context.ts";
import { formatJsonLine, formatTextLine, type Redact } from "./text/log_lines.ts";
import type { LogSettings } from "./options/log_settings.ts";
import { redact } from "./text/redact.ts";

/**
 * Sends the library's log to standard error, one line an event.
 *
 * @returns Waits until all that was logged is written.
 */
export async function logToStderr(
  context: CliContext,
  settings: LogSettings,
): Promise<() => Promise<void>> {
  const { configure, getLogger } = await import("@logtape/logtape");
  const lines = new LineWriter(context, getLogger(["triton", "cli"]));
  const mask: Redact = (text, options) => redact(text, context.env, options);
  const format = settings.format === "json"
    ? (record: LogRecord) => formatJsonLine(record, mask)
    : (record: LogRecord) => formatTextLine(record, mask, settings.colors);
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

/** Lines that wait to be written, at most: more are dropped while nobody reads standard error. */
const MAX_WAITING = 1_000;

/** Writes lines in their order, without anybody waiting for them. */
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
    // A terminal may show a line of progress, which is drawn again after this one.
    const text = stderr.isTerminal ? `\r\x1b[K${line}` : line;
    // Nobody can be told that standard error is gone, and archiving goes on without it.
    this.#written = this.#written.then(() => stderr.write(text)).catch(() => {}).then(() => {
      this.#waiting--;
      this.#tellOfDropped();
    });
  }

  /** Says how many lines are missing, where they are: before the next that can be written. */
  #tellOfDropped(): void {
    const lines = this.#dropped;
    if (lines === 0) return;
    this.#dropped = 0;
    this.#log.warn("{lines} lines of the log were dropped: nobody read them", {
      event: "log.dropped",
      lines,
    });
  }
}
