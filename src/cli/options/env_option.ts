import { type Command, InvalidArgumentError, Option } from "commander";
import type { CliContext } from "../cli_context.ts";

/** An option that an environment variable can set. */
export class EnvOption extends Option {
  readonly variable: string;

  constructor(flags: string, description: string, variable: string) {
    super(flags, `${description} [$${variable}]`);
    this.variable = variable;
  }
}

/** Options of a command, with the names of those that are on its command line. */
export interface PassedOptions {
  readonly passed?: ReadonlySet<string>;
}

/** Notes which options are on the command line, and not from a variable or a default. */
export function notePassed(command: Command): void {
  const names = command.options.map((option) => option.attributeName());
  const passed = names.filter((name) => command.getOptionValueSource(name) === "cli");
  command.setOptionValue("passed", new Set(passed));
}

/**
 * Sets a command's options from environment variables, before its arguments are parsed.
 *
 * Commander can do this too, but always reads the environment of the process.
 */
export function applyEnvironment(command: Command, env: CliContext["env"]): void {
  for (const option of command.options) {
    if (!(option instanceof EnvOption)) continue;
    const { variable } = option;
    const text = env[variable];
    if (text === undefined || text === "") continue;
    const name = option.attributeName();
    try {
      const value = option.parseArg === undefined ? text : option.parseArg(text, undefined);
      command.setOptionValueWithSource(name, value, "env");
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      command.setOptionValueWithSource(name, text, "env");
      // Not an error if help is printed, or if the option itself is passed.
      command.hook("preAction", () => {
        if (command.getOptionValueSource(name) !== "env") return;
        const { message } = error;
        command.error(`error: environment variable ${variable} is "${text}". ${message}`, {
          exitCode: 2,
        });
      });
    }
  }
}
