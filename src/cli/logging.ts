import type { LogRecord } from "@logtape/logtape";
import type { CliContext } from "./cli_context.ts";

/** Sends the library's log to standard error, one line a record. */
export async function logToStderr(context: CliContext, verbose: boolean): Promise<void> {
  const { configure } = await import("@logtape/logtape");
  await configure({
    reset: true,
    sinks: {
      stderr: (record: LogRecord) => void context.stderr.write(formatLogRecord(record)),
    },
    loggers: [
      { category: ["triton"], sinks: ["stderr"], lowestLevel: verbose ? "debug" : "info" },
      { category: ["logtape", "meta"], sinks: ["stderr"], lowestLevel: "warning" },
    ],
  });
}

function formatLogRecord(record: LogRecord): string {
  const time = new Date(record.timestamp).toISOString().replace(/\.\d+Z$/, "Z");
  const message = record.message.map((part) => typeof part === "string" ? part : display(part));
  return `${time} ${record.level.padEnd(7)} ${message.join("")}\n`;
}

function display(value: unknown): string {
  if (value instanceof Error) return value.message;
  return typeof value === "string" ? value : Deno.inspect(value, { colors: false });
}
