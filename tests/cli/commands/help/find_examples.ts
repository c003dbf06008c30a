/** Finds the examples that the help of each command ends with. */

import type { Command } from "commander";
import { commandsFor } from "../../../../src/cli/commands/commands.ts";
import { runCommand } from "../../fake_context.ts";

/** The help of a command. */
export interface CommandHelp {
  /** Its name, with that of its parent. */
  readonly command: string;
  readonly help: string;
  /** The lines of its examples; a line may have several, each but the last ending in `\`. */
  readonly examples: readonly string[];
}

/** The help of all commands. */
export async function allHelp(): Promise<CommandHelp[]> {
  const context = { env: {}, stdout: { isTerminal: false } };
  const commands = await commandsFor(["help"], context as never);
  return await Promise.all(commands.flatMap((command) => namesOf(command)).map(helpOf));
}

function namesOf(command: Command, parent = ""): string[] {
  const name = `${parent}${command.name()}`;
  return [name, ...command.commands.flatMap((child) => namesOf(child, `${name} `))];
}

async function helpOf(command: string): Promise<CommandHelp> {
  const { stdout } = await runCommand([...command.split(" "), "--help"]);
  const [, text = ""] = stdout.split("\nExamples:\n");
  const examples = text.split(/\n(?=\n|$)/).map((part) =>
    part.split("\n").filter((line) => line !== "" && !line.startsWith("  #")).join("\n").trim()
  );
  return { command, help: stdout, examples: examples.filter((example) => example !== "") };
}
