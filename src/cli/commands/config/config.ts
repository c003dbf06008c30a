import { Command } from "commander";
import { applyEnvironment } from "../../options/env_option.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { checkCommand } from "./check.ts";
import { schemaCommand } from "./schema.ts";

/** `triton config`: checks the configuration, and describes it to editors. */
export function configCommand(context: CliContext): Command {
  return new Command("config")
    .description(
      "Checks the configuration, and prints the JSON Schema with which editors check it while it is " +
        "written. triton help config lists the settings.",
    )
    .addHelpText(
      "after",
      examples({
        "check the file of TRITON_CONFIG": "triton config check",
        "the JSON Schema, for an editor": "triton config schema > triton.schema.json",
      }),
    )
    .hook("preSubcommand", (_command, command) => applyEnvironment(command, context.env))
    .addCommand(checkCommand(context))
    .addCommand(schemaCommand(context));
}
