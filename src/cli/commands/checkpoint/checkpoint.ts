import { Command } from "commander";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { applyEnvironment } from "../../options/env_option.ts";
import { acceptGapCommand } from "./accept_gap.ts";
import { rewindCommand, setCommand } from "./checkpoint_positions.ts";
import { forgetCommand } from "./forget.ts";
import { listCommand } from "./list.ts";
import { moveBucketCommand } from "./move_bucket.ts";
import { recoverCommand } from "./recover.ts";

/** `triton checkpoint`: lists and changes saved positions. */
export function checkpointCommand(context: CliContext): Command {
  return new Command("checkpoint")
    .description("Lists, moves and repairs the positions of a client in the database.")
    .addHelpText(
      "after",
      examples({
        "where a client is in each shard":
          "triton checkpoint list --stream clicks --client-name store",
        "read a day again, once the dry run shows what is meant":
          `triton checkpoint rewind --stream clicks --client-name billing \\
  --to 2026-09-01 --dry-run`,
      }),
    )
    .hook("preSubcommand", (_command, command) => applyEnvironment(command, context.env))
    .addCommand(listCommand(context))
    .addCommand(setCommand(context))
    .addCommand(rewindCommand(context))
    .addCommand(recoverCommand(context))
    .addCommand(moveBucketCommand(context))
    .addCommand(forgetCommand(context))
    .addCommand(acceptGapCommand(context));
}
