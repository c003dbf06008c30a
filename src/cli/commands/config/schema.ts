import { Command } from "commander";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";

/** `triton config schema`: prints the JSON Schema of the configuration. */
export function schemaCommand(context: CliContext): Command {
  return new Command("schema")
    .summary("print the JSON Schema of the configuration")
    .description(
      "Prints the JSON Schema (draft 7) of the configuration. Save it beside the configuration, and " +
        'write "# yaml-language-server: $schema=triton.schema.json" into the first line of that: ' +
        "editors then complete keys, explain them and show mistakes.",
    )
    .addHelpText(
      "after",
      examples({
        "save it beside the configuration": "triton config schema > triton.schema.json",
        "look at it": "triton config schema | head -n 20",
      }),
    )
    .action(async () => {
      const { configSchema } = await import("../../../config/json_schema.ts");
      await context.stdout.write(`${JSON.stringify(configSchema(), null, 2)}\n`);
    });
}
