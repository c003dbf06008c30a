import { Command } from "commander";
import { closest } from "../../../base/suggest.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples, helpWidth, reflow } from "../../text/help_text.ts";

/** Help topics besides the commands, loaded on demand. */
const TOPICS: Readonly<Record<string, () => Promise<{ readonly text: string }>>> = {
  config: () => import("./config.ts"),
  format: () => import("./format.ts"),
  environment: () => import("./environment.ts"),
  permissions: () => import("./permissions.ts"),
};

/** The names of the topics. */
export const HELP_TOPICS: readonly string[] = Object.keys(TOPICS);

/** `triton help`: explains a command or a topic. */
export function helpCommand(context: CliContext): Command {
  return new Command("help")
    .description("Explains the program, a command, or a topic.")
    .usage(`[command...] | ${HELP_TOPICS.join(" | ")}`)
    .argument("[name...]", "a command and its subcommands, or a topic")
    .addHelpText(
      "after",
      examples({
        "how to write the configuration": "triton help config",
        "how to move positions": "triton help checkpoint rewind",
      }),
    )
    .action(async (names: string[], _options: unknown, help: Command) => {
      const [topic] = names;
      const found = findCommand(help.parent!, names);
      // "config" is a command, too, which refers to the topic.
      if (names.length === 1 && Object.hasOwn(TOPICS, topic!)) {
        const { text } = await TOPICS[topic!]!();
        await context.stdout.write(reflow(text, helpWidth(context.stdout)));
      } else if (found !== undefined) found.outputHelp();
      else explainNothing(names, help);
    });
}

function findCommand(program: Command, names: readonly string[]): Command | undefined {
  return names.reduce<Command | undefined>(
    (command, name) =>
      command?.commands.find((child) => [child.name(), ...child.aliases()].includes(name)),
    program,
  );
}

/** Fails, and suggests what was probably meant. */
function explainNothing(names: readonly string[], help: Command): never {
  const parent = findCommand(help.parent!, names.slice(0, -1));
  const commands = (parent ?? help.parent!).commands.map((command) => command.name());
  const known = names.length === 1 ? [...commands, ...HELP_TOPICS] : commands;
  const meant = closest(names.at(-1)!, known);
  const hint = meant === undefined ? "" : `\n(Did you mean ${meant}?)`;
  help.error(`error: no help on '${names.join(" ")}'${hint}`, { exitCode: 2 });
}
