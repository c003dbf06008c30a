import { Command, CommanderError } from "commander";
import { ConfigError, TritonError } from "../base/errors.ts";
import { printable, printableLines } from "../base/safe_text.ts";
import { VERSION } from "../base/version.ts";
import { catCommand } from "./commands/cat.ts";
import { checkpointCommand } from "./commands/checkpoint/checkpoint.ts";
import { type CliContext, isClosedPipe, type Output } from "./cli_context.ts";
import { addLogOptions, type LogSettings, logSettings } from "./options/log_settings.ts";
import { logFailure, logToStderr } from "./logging.ts";
import { doctorCommand } from "./commands/doctor/doctor.ts";
import { applyEnvironment } from "./options/options.ts";
import { completionsCommand } from "./commands/completions/completions.ts";
import { healthCommand } from "./commands/health.ts";
import { helpCommand } from "./commands/help/help.ts";
import { helpWidth } from "./text/help_text.ts";
import { lsCommand } from "./commands/ls.ts";
import { putCommand } from "./commands/put.ts";
import { quarantineCommand } from "./commands/quarantine.ts";
import { redact } from "./text/redact.ts";
import { shardsCommand } from "./commands/shards.ts";
import { statsCommand } from "./commands/stats/stats.ts";
import { storeCommand } from "./commands/store/store.ts";
import { Stopped } from "./stop_signals.ts";
import { tailCommand } from "./commands/tail.ts";
import { UsageError } from "./options/usage_error.ts";
import { verifyCommand } from "./commands/verify.ts";
import { versionCommand } from "./commands/version.ts";

const COMMANDS = [
  storeCommand,
  catCommand,
  lsCommand,
  putCommand,
  tailCommand,
  shardsCommand,
  statsCommand,
  verifyCommand,
  quarantineCommand,
  checkpointCommand,
  doctorCommand,
  healthCommand,
  completionsCommand,
  versionCommand,
  helpCommand,
];

/**
 * Runs one command line.
 *
 * @param args The arguments, without the program's name.
 * @param context The world outside.
 * @returns The exit code: 0 done, 1 failed, 2 wrong usage, 128 and its number if a signal ended it.
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
    await withinTime(run.log?.written(), run);
    run.done.abort();
  }
}

/** The log, and the error of a command, may take so long to be written at the end, in milliseconds. */
const LAST_LINES_MS = 1_000;

/** Waits for standard error, which nobody has to read: for a second in all. */
async function withinTime(written: Promise<void> | undefined, run: Run): Promise<void> {
  run.patience ??= run.context.clock.sleep(LAST_LINES_MS, run.done.signal).catch(() => {});
  await Promise.race([written, run.patience]);
}

async function parse(args: readonly string[], program: Command, run: Run): Promise<number> {
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return await explain(error, program, run);
  }
}

/** One run of the program. */
interface Run {
  readonly context: CliContext;
  /** What Commander wrote and nobody waited for. */
  readonly writes: Promise<void>[];
  /** The command, as it is called. */
  path: string;
  /** Aborted when all is over. */
  readonly done: AbortController;
  /** Settles when nothing is waited for any more. */
  patience?: Promise<void>;
  /** The log, once a command has begun. */
  log?: { readonly settings: LogSettings; readonly command: string; written(): Promise<void> };
}

function buildProgram(run: Run): Command {
  const { context, writes } = run;
  const write = (output: Output, text: string) => {
    const written = output.write(text);
    written.catch(() => {}); // seen at the end
    writes.push(written);
  };
  const program = addLogOptions(
    new Command("triton")
      .description("Archives Kinesis streams to S3 and reads both back.")
      .version(VERSION),
  )
    .showHelpAfterError("(triton --help tells more)")
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
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
    .hook("preAction", (_program, command) => startLog(command, run));
  for (const build of COMMANDS) {
    const command = build(context);
    program.addCommand(command);
    inherit(command, program, "triton");
  }
  return program;
}

async function startLog(command: Command, run: Run): Promise<void> {
  run.path = pathOf(command);
  const settings = logSettings(command.optsWithGlobals(), run.context);
  const written = await logToStderr(run.context, settings);
  run.log = { settings, command: command.name(), written };
}

/** The names of a command and of those above it. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Gives a command, and the commands below it, the settings of the one above. */
function inherit(command: Command, parent: Command, path: string): void {
  const name = `${path} ${command.name()}`;
  command.copyInheritedSettings(parent).showHelpAfterError(`(${name} --help tells more)`);
  requireLate(command);
  for (const child of command.commands) inherit(child, command, name);
}

/**
 * Looks for missing options when a command begins.
 *
 * Commander does before it looks for unknown ones, so that `--steam` would be a missing `--stream`.
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

/** Turns what a command threw into a message and an exit code. */
async function explain(error: unknown, program: Command, run: Run): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isClosedPipe(error)) return 0;
  if (error instanceof Stopped) return error.exitCode;
  const verbose = program.opts().verbose === true;
  const message = describe(error, verbose);
  if (error instanceof UsageError || !failsInJson(run)) {
    await withinTime(run.log?.written(), run);
    const more = error instanceof UsageError ? `(${run.path} --help tells more)\n` : "";
    const text = (hasLines(error, verbose) ? printableLines : printable)(
      redact(message, run.context.env),
    );
    await withinTime(run.context.stderr.write(`triton: ${text}\n${more}`), run);
  } else {
    await logFailure(run.log!.command, message);
  }
  if (error instanceof UsageError) return 2;
  // What a signal kept from finishing has not failed; `store` alone promises to finish all the same.
  const stopped = run.log?.command === "store" ? undefined : run.context.stopped?.();
  return stopped?.exitCode ?? 1;
}

/** Whether the lines of a message are ours: a trace, or all that is wrong with a configuration. */
function hasLines(error: unknown, verbose: boolean): boolean {
  return verbose || error instanceof ConfigError;
}

/** Whether the error of a command is one more JSON line: of a service, or where that was asked for. */
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
