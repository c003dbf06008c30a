import { Command } from "commander";
import type { ArchiveEntry, InspectedArchive } from "../../../archive/mod.ts";
import { addArchiveOptions, type ArchiveOptions, openStoreOf } from "../../options/archive.ts";
import type { CliContext } from "../../cli_context.ts";
import {
  isCold,
  type ListedArchive,
  listedArchive,
  lsHead,
  toCells,
  toJson,
  toTabs,
} from "./ls_text.ts";
import { examples } from "../../text/help_text.ts";
import { BatchedOutput } from "../../text/batched_output.ts";
import { countArchives } from "../../archive_totals.ts";
import { Progress } from "../../text/progress.ts";
import { colorsOf, formatTable } from "../../text/table.ts";
import { say, textOf } from "../../text/say.ts";
import { countOf, formatBytes, formatCount } from "../../text/format.ts";

interface LsOptions extends ArchiveOptions {
  readonly long?: boolean;
  readonly json?: boolean;
}

/** `triton ls`: lists the archives of a stream. */
export function lsCommand(context: CliContext): Command {
  const command = new Command("ls")
    .description(
      "Lists archives by day and time: key, size and creation time. On a terminal it prints a table with " +
        "a total; elsewhere one tab-separated line per file, with sizes in bytes. With --long it also " +
        "reads the manifest at the end of each file, 32 files at once, and prints the number of events " +
        "and shards and the arrival times of the first and the last record instead of the creation time. " +
        "Files of other programs have no manifest. Where files have another storage class than STANDARD, " +
        "the table has their class.",
    );
  return addArchiveOptions(command)
    .option(
      "-l, --long",
      "print events, shards and arrival times, which takes one or two requests per file",
    )
    .option(
      "--json",
      "print one JSON object per line; with --long it includes the sequence numbers of each shard",
    )
    .addHelpText(
      "after",
      examples({
        "what each file of a day holds": "triton ls --stream clicks --start-date 20260901 --long",
        "print the events of the newest file":
          "triton ls --stream clicks | tail -n 1 | triton cat --keys-from -",
      }),
    )
    .action((options: LsOptions) => ls(options, context));
}

async function ls(options: LsOptions, context: CliContext): Promise<void> {
  const { stdout } = context;
  const long = options.long === true;
  const archives = listed(options, context);
  if (options.json !== true && stdout.isTerminal) {
    const all = await Array.fromAsync(archives);
    if (all.length > 0) return await stdout.write(tableOf(all, long, context));
    return await say(context, `No archives of ${options.stream} found`);
  }
  const print = options.json === true ? toJson : toTabs;
  const output = new BatchedOutput(stdout);
  try {
    for await (const archive of archives) await output.write(print(archive, long));
  } finally {
    await output.end();
  }
}

/** The archives, with their manifests if `--long` is set. */
async function* listed(options: LsOptions, context: CliContext): AsyncGenerator<ListedArchive> {
  const [{ listAllArchives }, { readManifests }] = await Promise.all([
    import("../../../archive/listing/list_all_archives.ts"),
    import("../../../archive/verify/manifests.ts"),
  ]);
  const { retryingStore } = await import("../../../archive/retrying_store.ts");
  const { selection, store: opened } = await openStoreOf(options, context);
  await using store = opened;
  const { clock } = context;
  const retrying = retryingStore(store, { clock });
  const { keysFrom } = options;
  const entries = keysFrom === undefined
    ? listAllArchives(retrying, selection)
    : (await import("../../options/keys_from.ts"))
      .archivesFrom(keysFrom, retrying, selection, context);
  const progress = new Progress(context, "listed", {
    noun: "files",
    // A table is printed at the end, everything else as it is found.
    beside: options.json === true || !context.stdout.isTerminal ? context.stdout : undefined,
    total: keysFrom === undefined && options.long === true
      ? async (signal) => (await countArchives(store, selection, signal)).files
      : undefined,
  });
  let [files, bytes] = [0, 0];
  for await (
    const file of options.long === true ? readManifests(store, entries, { clock }) : bare(entries)
  ) {
    const archive = listedArchive(file);
    await progress.update(++files, bytes += archive.entry.size);
    yield archive;
  }
  await progress.end();
}

/** Archives whose manifests were not read. */
async function* bare(
  entries: AsyncIterable<ArchiveEntry>,
): AsyncGenerator<Pick<InspectedArchive, "entry">> {
  for await (const entry of entries) yield { entry };
}

function tableOf(archives: readonly ListedArchive[], long: boolean, context: CliContext): string {
  const colors = colorsOf(context.stdout.isTerminal && !context.env.NO_COLOR);
  const shown = { long, hasClass: archives.some(({ entry }) => entry.storageClass !== undefined) };
  const lines = formatTable([lsHead(shown), ...archives.map((file) => toCells(file, shown))], {
    columns: context.stdout.columns,
    right: long ? [1, 2, 3] : [1],
    optional: long ? [4, 3] : [],
    paint: (cell, row) =>
      row === 0
        ? colors.bold(cell)
        : archives[row - 1]!.type === "damaged"
        ? colors.red(cell)
        : cell,
  });
  return textOf([...lines.map((line) => line.trimEnd()), "", totalOf(archives, long)]);
}

function totalOf(archives: readonly ListedArchive[], long: boolean): string {
  const sum = (of: (archive: ListedArchive) => number) =>
    archives.reduce((total, archive) => total + of(archive), 0);
  const cold = archives.filter(isCold).length;
  const parts = [
    countOf(archives.length, "file"),
    formatBytes(sum(({ entry }) => entry.size)),
    ...cold > 0 ? [`${formatCount(cold)} in cold storage: restore them to read them`] : [],
  ];
  if (!long) return parts.join(", ");
  const quarantined = sum(({ manifest }) => manifest?.quarantined ?? 0);
  const unprovable = archives.filter(({ type }) => type === "unprovable").length;
  const damaged = archives.filter(({ type }) => type === "damaged").length;
  return [
    ...parts,
    `${formatCount(sum(({ manifest }) => manifest?.events ?? 0))} events`,
    ...quarantined > 0 ? [`${formatCount(quarantined)} quarantined`] : [],
    ...unprovable > 0 ? [`${formatCount(unprovable)} without a manifest`] : [],
    ...damaged > 0 ? [`${formatCount(damaged)} damaged: run triton verify for details`] : [],
  ].join(", ");
}
