import type { Command, Option } from "commander";
import { HELP_TOPICS } from "../help/help.ts";

/** The possible values of an option or an argument. */
export interface Completion {
  /** `anything`: a value that cannot be completed, such as a size. */
  readonly type: "words" | "streams" | "files" | "anything";
  readonly words?: readonly string[];
}

/** An option of a command. */
export interface CompletedOption {
  /** As written: `--long`, `-l`. */
  readonly flags: readonly string[];
  readonly summary: string;
  /** The possible values; undefined for an option without a value. */
  readonly value: Completion | undefined;
  readonly optional: boolean;
}

/** A command, or the program itself. */
export interface CompletedCommand {
  /** The path, without the program: `checkpoint list`; empty for the program. */
  readonly path: string;
  readonly names: readonly string[];
  readonly summary: string;
  /** Options, including those of the parent commands. */
  readonly options: readonly CompletedOption[];
  /** The possible arguments; undefined if there are none. */
  readonly argument: Completion | undefined;
  readonly commands: readonly CompletedCommand[];
}

/** Returns what a shell can complete for a program. */
export function completedProgram(program: Command): CompletedCommand {
  const model = completed(program, "", []);
  const names = model.commands.flatMap(({ names }) => names.slice(0, 1));
  const words = [...new Set([...names, ...HELP_TOPICS])];
  const topics: Completion = { type: "words", words };
  return {
    ...model,
    commands: model.commands.map((command) =>
      command.path === "help" ? { ...command, argument: topics } : command
    ),
  };
}

/** A command and all commands below it. */
export function* everyCommand(command: CompletedCommand): Generator<CompletedCommand> {
  yield command;
  for (const child of command.commands) yield* everyCommand(child);
}

/** The flags of all commands that use the next word as their value. */
export function flagsWithValue(program: CompletedCommand): string[] {
  const flags = [...everyCommand(program)].flatMap(({ options }) =>
    options.flatMap(({ flags, value, optional }) => value && !optional ? flags : [])
  );
  return [...new Set(flags)].sort();
}

function completed(
  command: Command,
  path: string,
  inherited: readonly CompletedOption[],
): CompletedCommand {
  const own = command.options.filter(({ hidden }) => !hidden).map(completedOption);
  const help = { flags: ["-h", "--help"], summary: "display help", value: undefined };
  const below = own.filter(({ flags }) => !flags.includes("--version"));
  return {
    path,
    names: [command.name(), ...command.aliases()],
    summary: command.summary() || command.description(),
    options: [...own, { ...help, optional: false }, ...inherited],
    argument: argumentOf(command),
    commands: command.commands.map((child) =>
      completed(child, `${path} ${child.name()}`.trim(), [...below, ...inherited])
    ),
  };
}

function completedOption(option: Option): CompletedOption {
  const { short, long, required, optional, description } = option;
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    summary: description,
    value: required || optional ? valueOf(option) : undefined,
    optional,
  };
}

function valueOf({ argChoices, flags, long }: Option): Completion {
  if (argChoices !== undefined) return { type: "words", words: argChoices };
  if (long === "--stream") return { type: "streams" };
  if (flags.endsWith("<file>")) return { type: "files" };
  if (flags.endsWith("<position>")) return { type: "words", words: ["trim-horizon", "latest"] };
  return { type: "anything" };
}

function argumentOf(command: Command): Completion | undefined {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return undefined;
  if (argument.argChoices !== undefined) return { type: "words", words: argument.argChoices };
  return argument.name() === "file" ? { type: "files" } : { type: "anything" };
}
