import { Command, CommanderError } from "commander";
import { ConfigError, TritonError } from "../base/errors.ts";
import { printable, printableLines } from "../base/safe_text.ts";
import { VERSION } from "../base/version.ts";
import { type CliContext, isClosedPipe, type Output } from "./cli_context.ts";
import { commandsFor, mayLog, termOf } from "./commands/commands.ts";
import { addLogOptions, type LogSettings, logSettings } from "./options/log_settings.ts";
import { applyEnvironment, notePassed } from "./options/env_option.ts";
import { helpWidth } from "./text/help_text.ts";
import { redact } from "./text/redact.ts";
import { Stopped } from "./stop_signals.ts";
import { UsageError } from "./options/usage_error.ts";

/**
 * Runs one command line.
 *
 * @param args The arguments, without the program's name.
 * @param context The world outside.
 * @returns The exit code: 0 done, 1 failed, 2 wrong usage, 128 + n if signal n ended it.
 */
export async function main(args: readonly string[], context: CliContext): Promise<number> {
  const run: Run = { context, writes: [], path: "triton", done: new AbortController() };
  const program = buildProgram(run);
  try {
    const code = await parse(args, program, run);
    await Promise.all(run.writes);
    return code;
  } catch (error) {
    return await explain(error, program, run);
  } finally {
    await withinTime(run.log?.written?.(), run);
    if (run.deadline !== undefined) run.done.abort();
  }
}

/** How long writing the log and the error may take at the end, in milliseconds. */
const LAST_LINES_MS = 1_000;

/** Waits for standard error, which may not be read: at most one second in total. */
async function withinTime(written: Promise<void> | undefined, run: Run): Promise<void> {
  if (written === undefined) return;
  run.deadline ??= run.context.clock.sleep(LAST_LINES_MS, run.done.signal).catch(() => {});
  await Promise.race([written, run.deadline]);
}

async function parse(args: readonly string[], program: Command, run: Run): Promise<number> {
  try {
    await addCommands(program, args, run);
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return await explain(error, program, run);
  }
}

interface Run {
  readonly context: CliContext;
  /** Writes by Commander, which does not await them. */
  readonly writes: Promise<void>[];
  /** The full name of the command. */
  path: string;
  readonly done: AbortController;
  /** Settles when standard error is no longer waited for. */
  deadline?: Promise<void>;
  /** The log, once a command has started. */
  log?: Log;
}

interface Log {
  readonly settings: LogSettings;
  readonly command: string;
  /** Waits until all lines are written; undefined until the log is opened. */
  written?: () => Promise<void>;
}

function buildProgram(run: Run): Command {
  const { context, writes } = run;
  const write = (output: Output, text: string) => {
    const written = output.write(text);
    written.catch(() => {}); // thrown at the end, from `writes`
    writes.push(written);
  };
  const program = addLogOptions(
    new Command("triton")
      .description("Archives Kinesis streams to S3 and reads both back.")
      .version(VERSION),
  )
    .showHelpAfterError("(run triton --help for usage)")
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    .configureOutput({
      writeOut: (text) => write(context.stdout, text),
      writeErr: (text) => write(context.stderr, printableLines(redact(text, context.env))),
      outputError: (text, write) => write(text.replace(/^error: /, "triton: ")),
      getOutHelpWidth: () => helpWidth(context.stdout),
      getErrHelpWidth: () => helpWidth(context.stderr),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .hook("preSubcommand", (_program, command) => applyEnvironment(command, context.env))
    .hook("preAction", (_program, command) => notePassed(command))
    .hook("preAction", (_program, command) => startLog(command, run));
  return program;
}

/** Adds the commands that a command line may use. */
async function addCommands(program: Command, args: readonly string[], run: Run): Promise<void> {
  for (const command of await commandsFor(args, run.context)) {
    program.addCommand(command);
    inherit(command, program, "triton");
  }
}

async function startLog(command: Command, run: Run): Promise<void> {
  run.path = pathOf(command);
  const settings = logSettings(command.optsWithGlobals(), run.context);
  run.log = { settings, command: command.name() };
  if (mayLog(command)) await openLog(run.log, run.context);
}

async function openLog(log: Log, context: CliContext): Promise<void> {
  if (log.written !== undefined) return;
  const { logToStderr } = await import("./logging.ts");
  log.written = await logToStderr(context, log.settings);
}

/** The names of a command and its parents. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Applies the settings of the parent to a command and its subcommands. */
function inherit(command: Command, parent: Command, path: string): void {
  const name = `${path} ${command.name()}`;
  command.copyInheritedSettings(parent).showHelpAfterError(`(run ${name} --help for usage)`);
  requireLate(command);
  for (const child of command.commands) inherit(child, command, name);
}

/**
 * Checks required options when a command starts.
 *
 * Commander checks them before unknown options, and would report `--steam` as a missing `--stream`.
 */
function requireLate(command: Command): void {
  const required = command.options.filter((option) => option.mandatory);
  for (const option of required) option.mandatory = false;
  command.hook("preAction", () => {
    const missing = required.find((option) =>
      command.getOptionValue(option.attributeName()) === undefined
    );
    if (missing === undefined) return;
    command.error(`error: required option '${missing.flags}' not specified`, { exitCode: 2 });
  });
}

/** Turns an error into a message and an exit code. */
async function explain(error: unknown, program: Command, run: Run): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isClosedPipe(error)) return 0;
  if (error instanceof Stopped) return error.exitCode;
  const verbose = program.opts().verbose === true;
  const message = describe(error, verbose);
  if (error instanceof UsageError || !failsInJson(run)) {
    await withinTime(run.log?.written?.(), run);
    const more = error instanceof UsageError ? `(run ${run.path} --help for usage)\n` : "";
    const text = (hasLines(error, verbose) ? printableLines : printable)(
      redact(message, run.context.env),
    );
    await withinTime(run.context.stderr.write(`triton: ${text}\n${more}`), run);
  } else {
    await logFailed(run.log!, message, run.context);
  }
  if (error instanceof UsageError) return 2;
  // A command that a signal interrupted has not failed, except `store`, which promises to finish.
  const stopped = run.log?.command === "store" ? undefined : run.context.stopped?.();
  return stopped?.exitCode ?? 1;
}

async function logFailed(log: Log, message: string, context: CliContext): Promise<void> {
  await openLog(log, context);
  const { logFailure } = await import("./logging.ts");
  await logFailure(log.command, message);
}

/** Whether a message may have several lines: a stack trace, or all errors of a configuration. */
function hasLines(error: unknown, verbose: boolean): boolean {
  return verbose || error instanceof ConfigError;
}

/** Whether the error is logged as JSON: for `store`, or if that format was set explicitly. */
function failsInJson({ log }: Run): boolean {
  if (log?.settings.format !== "json") return false;
  return log.settings.isChosen || log.command === "store";
}

function describe(error: unknown, verbose: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (verbose) return Deno.inspect(error, { colors: false });
  const expected = error instanceof TritonError || error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotCapable;
  return expected ? error.message : `${error.name}: ${error.message}`;
}
