import { Command, Option } from "commander";
import { TritonError } from "../../../base/errors.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { addRangeOptions, type ArchiveOptions, openStoreOf } from "../../options/archive.ts";
import { databaseOption } from "../../options/options.ts";
import { UsageError } from "../../options/usage_error.ts";
import { formatBytes } from "../../text/format.ts";
import { countArchives } from "../../archive_totals.ts";
import { Progress } from "../../text/progress.ts";
import { jsonLine, say } from "../../text/say.ts";

interface MapOptions extends ArchiveOptions {
  readonly by?: "hour" | "day";
  readonly checkpointDb?: string;
  readonly html?: string;
  readonly json?: boolean;
}

/** `triton map`: draws an archive. */
export function mapCommand(context: CliContext): Command {
  const command = new Command("map")
    .description(
      "Draws what is archived of each shard over time: time across, shards down, and below it in words what " +
        "is wrong and which command shows more. It knows what verify knows from the manifests, with one or two " +
        "requests per file, 32 files at once. With a database, it also shows recorded gaps, a missing last " +
        "file, and which shards came from which. A picture is no proof: it exits with 0 whatever is missing.",
    );
  return addRangeOptions(command)
    .addOption(databaseOption().default(undefined))
    .addOption(
      new Option("--by <unit>", "what a column is (default: hour up to three days, else day)")
        .choices(["hour", "day"]),
    )
    .option(
      "--html <file>",
      'write a page instead, which needs nothing from elsewhere ("-" is standard output)',
    )
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      examples({
        "the last days in the terminal": "triton map --stream clicks --start-date 20260829",
        "a page to look at in a browser": "triton map --stream clicks --html clicks.html",
      }),
    )
    .action((options: MapOptions) => map(options, context));
}

async function map(options: MapOptions, context: CliContext): Promise<void> {
  if (options.html === "-" && options.json === true) {
    throw new UsageError(
      "Cannot print a page and JSON: pass a file to --html, or leave out --json",
    );
  }
  const { mapArchive } = await import("../../../archive/map/map_archive.ts");
  const { selection, store: opened } = await openStoreOf(options, context);
  await using store = opened;
  const { by, html, json, checkpointDb } = options;
  const { stream, client } = selection;
  const progress = new Progress(context, "read", {
    noun: "files",
    total: async (signal) => (await countArchives(store, selection, signal)).files,
  });
  const map = await mapArchive(store, {
    ...{ ...selection, by },
    knowledge: checkpointDb === undefined
      ? undefined
      : (await import("../../archive_knowledge.ts")).knowledgeFrom(checkpointDb, {
        stream,
        client,
      }),
    onProgress: (files, bytes) => progress.update(files, bytes),
  });
  await progress.end();
  const words = {
    ...{ stream: options.stream, client, hasDatabase: checkpointDb !== undefined },
    now: context.clock.now(),
  };
  if (html !== undefined) {
    const { renderMap } = await import("./page/map_page.ts");
    await writePage(html, renderMap(map, { ...words, store: store.url }), context);
  }
  if (json === true) return await context.stdout.write(jsonLine(map));
  if (html !== undefined) return;
  if (map.slots === 0 && map.findings.length === 0) {
    return await say(context, `No archives of ${options.stream} found`);
  }
  const { formatMap } = await import("./map_text.ts");
  const { isTerminal, columns } = context.stdout;
  await context.stdout.write(formatMap(map, {
    ...{ ...words, store: store.url },
    width: columns,
    colors: isTerminal && !context.env.NO_COLOR,
  }));
}

async function writePage(path: string, page: string, context: CliContext): Promise<void> {
  if (path === "-") return await context.stdout.write(page);
  try {
    await Deno.writeTextFile(path, page);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new TritonError(`Cannot write --html ${path}: ${error.message}`, { cause: error });
  }
  await say(context, `Wrote ${path}: ${formatBytes(new TextEncoder().encode(page).length)}`);
}
