import type { LogRecord } from "@logtape/logtape";
import type { CliContext } from "./cli_context.ts";
import { formatJsonLine, formatTextLine, type Redact } from "./log_lines.ts";
import type { LogSettings } from "./log_settings.ts";
import { redact } from "./redact.ts";

/**
 * Sends the library's log to standard error, one line an event.
 *
 * @returns Waits until all that was logged is written.
 */
export async function logToStderr(
  context: CliContext,
  settings: LogSettings,
): Promise<() => Promise<void>> {
  const { configure } = await import("@logtape/logtape");
  const lines = new LineWriter(context);
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
  return () => lines.written;
}

/** Logs why a command failed. */
export async function logFailure(command: string, reason: string): Promise<void> {
  const { getLogger } = await import("@logtape/logtape");
  const log = getLogger(["triton", "cli"]);
  log.error("{reason}", { event: "command.failed", command, reason });
}

/** Writes lines in their order, without anybody waiting for them. */
class LineWriter {
  readonly #context: CliContext;
  #written: Promise<void> = Promise.resolve();

  constructor(context: CliContext) {
    this.#context = context;
  }

  /** Settles when all lines are written. */
  get written(): Promise<void> {
    return this.#written;
  }

  write(line: string): void {
    const { stderr } = this.#context;
    // A terminal may show a line of progress, which is drawn again after this one.
    const text = stderr.isTerminal ? `\r\x1b[K${line}` : line;
    // Nobody can be told that standard error is gone, and archiving goes on without it.
    this.#written = this.#written.then(() => stderr.write(text)).catch(() => {});
  }
}
