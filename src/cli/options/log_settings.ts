import { type Command, Option } from "commander";
import type { CliContext } from "../cli_context.ts";
import { UsageError } from "./usage_error.ts";

const LEVELS = ["debug", "info", "warning", "error"] as const;
const FORMATS = ["text", "json"] as const;

/** The lowest level that is logged. */
export type LogLevel = typeof LEVELS[number];

/** How the log is written. */
export interface LogSettings {
  readonly level: LogLevel;
  /** Text lines for people, or JSON lines. */
  readonly format: typeof FORMATS[number];
  /** Whether the format was set explicitly, rather than derived from standard error. */
  readonly isChosen: boolean;
  readonly colors: boolean;
}

/** The global options. */
export interface LogOptions {
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogSettings["format"];
  readonly verbose?: boolean;
}

/** Adds the options of the log to the program. */
export function addLogOptions(program: Command): Command {
  return program
    .option("--verbose", "same as --log-level debug, and print stack traces of errors")
    .addOption(
      new Option("--log-level <level>", "lowest level to log (default: info) [$TRITON_LOG]")
        .choices(LEVELS),
    )
    .addOption(
      new Option(
        "--log-format <format>",
        "format of the log (default: text on a terminal, else json) [$TRITON_LOG]",
      )
        .choices(FORMATS),
    );
}

/**
 * Decides how the log is written: by the options, then by `TRITON_LOG` (a level, a format, or both,
 * separated by a comma), then by whether standard error is a terminal.
 */
export function logSettings(options: LogOptions, { env, stderr }: CliContext): LogSettings {
  const variable = parseVariable(env.TRITON_LOG ?? "");
  const level = options.logLevel ?? (options.verbose === true ? "debug" : variable.level) ?? "info";
  const chosen = options.logFormat ?? variable.format;
  const format = chosen ?? (stderr.isTerminal ? "text" : "json");
  const colors = stderr.isTerminal && !env.NO_COLOR;
  return { level, format, isChosen: chosen !== undefined, colors };
}

function parseVariable(text: string): Partial<Pick<LogSettings, "level" | "format">> {
  let parsed: Partial<Pick<LogSettings, "level" | "format">> = {};
  for (const part of text.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const level = LEVELS.find((name) => name === part);
    const format = FORMATS.find((name) => name === part);
    if (level === undefined && format === undefined) {
      throw new UsageError(
        `environment variable TRITON_LOG is "${text}". Use a level (${LEVELS.join(", ")}), ` +
          `a format (${FORMATS.join(", ")}), or both, as in "debug,json"`,
      );
    }
    parsed = { ...parsed, ...level && { level }, ...format && { format } };
  }
  return parsed;
}
