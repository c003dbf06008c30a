import { Command, Option } from "commander";
import type { CliContext } from "../../cli_context.ts";
import { addBucketFlags } from "../../options/bucket_flags.ts";
import { examples } from "../../text/help_text.ts";
import {
  bucketOption,
  clientOption,
  configOption,
  parseCount,
  parseDay,
} from "../../options/options.ts";
import { keysOption, partOption } from "../../options/parts.ts";
import type { CatOptions } from "./run_cat.ts";

/** `triton cat`: archived events as JSON lines. */
export function catCommand(context: CliContext): Command {
  const command = new Command("cat")
    .description(
      "Prints archived events, one JSON object per line: those of a stream in a range of days, those of " +
        'listed archives, or those in the .tri files passed as arguments ("-" is standard input).',
    )
    .argument("[file...]", "archive files to read, instead of --stream and --bucket")
    .option("--stream <name>", "logical name of the stream, as in the configuration")
    .addOption(bucketOption())
    .option("--start-date <day>", "first day to print, YYYYMMDD in UTC", parseDay)
    .option("--end-date <day>", "last day to print (default: the first day)", parseDay)
    .addOption(clientOption("only archives of this client (default: all clients)"))
    .addOption(partOption())
    .addOption(keysOption())
    .option("--limit <count>", "stop after this many events", parseCount)
    .option(
      "--with-key",
      "add the keys _file and _index to each event: its archive, and its place there from 0",
    )
    .addOption(
      new Option("--format <format>", "format of the output; csv needs --columns")
        .choices(["ndjson", "csv"]).default("ndjson"),
    )
    .option(
      "--columns <list>",
      "print only these, such as 'user.id, page, at'; values stand as they are, whatever their type",
    )
    .option("--salvage", "skip damaged parts, report what was lost, and exit with 1")
    .addOption(configOption())
    .addHelpText(
      "after",
      examples({
        "the events of a day, in a file":
          "triton cat --stream clicks --start-date 20260901 > clicks.ndjson",
        "count the events of downloaded files": "triton cat *.tri | wc -l",
      }),
    )
    .action(async (files: string[], options: CatOptions) => {
      const { runCat } = await import("./run_cat.ts");
      await runCat(files, options, context);
    });
  return addBucketFlags(command, "read");
}
