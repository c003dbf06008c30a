import { Argument, Command, Option } from "commander";
import { printable } from "../../../base/safe_text.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples, helpWidth, reflow } from "../../text/help_text.ts";
import { configOption } from "../../options/options.ts";
import { readConfig } from "../../options/stream_config.ts";
import { UsageError } from "../../options/usage_error.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

interface CompletionsOptions {
  readonly config?: string;
  readonly streams?: boolean;
}

/** `triton completions`: prints a completion script for a shell. */
export function completionsCommand(context: CliContext): Command {
  return new Command("completions")
    .description(reflow(
      "Prints a script that lets a shell complete commands, options, their values, and the names of\n" +
        "streams in the configuration (TRITON_CONFIG, or --config on the line). To install it:\n" +
        "  bash  add to ~/.bashrc:  source <(triton completions bash)\n" +
        "  zsh   add to ~/.zshrc, after compinit:  source <(triton completions zsh)\n" +
        "  fish  triton completions fish > ~/.config/fish/completions/triton.fish",
      helpWidth(context.stdout),
    ))
    .addArgument(new Argument("[shell]", "the shell").choices(SHELLS))
    .addOption(new Option("--streams", "print the names of streams, for the scripts").hideHelp())
    .addOption(configOption())
    .addHelpText(
      "after",
      examples({
        "for fish": "triton completions fish > ~/.config/fish/completions/triton.fish",
        "for zsh, in a folder of its fpath": "triton completions zsh > ~/.zfunc/_triton",
      }),
    )
    .action((shell: typeof SHELLS[number] | undefined, options: CompletionsOptions, command) =>
      completions(shell, options, command.parent!, context)
    );
}

async function completions(
  shell: typeof SHELLS[number] | undefined,
  options: CompletionsOptions,
  program: Command,
  context: CliContext,
): Promise<void> {
  if (options.streams === true) {
    const { streams } = await readConfig(options.config, context);
    const names = streams.map(({ logicalName }) => `${printable(logicalName)}\n`);
    return await context.stdout.write(names.join(""));
  }
  if (shell === undefined) throw new UsageError(`No shell: pass one of ${SHELLS.join(", ")}`);
  const { completedProgram } = await import("./model.ts");
  await context.stdout.write(await scriptFor(shell, completedProgram(program)));
}

type Program = ReturnType<typeof import("./model.ts").completedProgram>;

async function scriptFor(shell: typeof SHELLS[number], program: Program): Promise<string> {
  switch (shell) {
    case "bash":
      return (await import("./bash.ts")).bashCompletions(program);
    case "zsh":
      return (await import("./zsh.ts")).zshCompletions(program);
    case "fish":
      return (await import("./fish.ts")).fishCompletions(program);
  }
}
