import {
  type ExportReport,
  exportTable,
  type ExportTableOptions,
} from "../../../archive/export/export_table.ts";
import { retryingStore } from "../../../archive/retrying_store.ts";
import type { ObjectStore, OpenedObjectStore } from "../../../objects/mod.ts";
import { type CliContext, writeReport } from "../../cli_context.ts";
import { countArchives } from "../../archive_totals.ts";
import { openStoreOf } from "../../options/archive.ts";
import { settingsOfMany } from "../../options/bucket_flags.ts";
import { UsageError } from "../../options/usage_error.ts";
import { countOf, formatCount } from "../../text/format.ts";
import { Progress } from "../../text/progress.ts";
import { jsonLine, say } from "../../text/say.ts";
import { type ExportOptions, parseRenames, schemaOf, type TablePlace } from "./export_options.ts";

/** Exports archives, or prints the schema or the SQL of the table. */
export async function runExport(options: ExportOptions, context: CliContext): Promise<void> {
  const renames = parseRenames(options.rename ?? []);
  const schema = await schemaOf(options, renames, context);
  const { selection, store: opened } = await openStoreOf(options, context, settingsOfMany);
  await using store = opened;
  await using target = await openTarget(options);
  if (target?.url === store.url) {
    throw new UsageError("Cannot export: --to is the place of the archive; use another prefix");
  }
  const archives = retryingStore(store, { clock: context.clock });
  const list = await listOf(options, archives, selection, context);
  const place = { options, schema, renames, selection, list, archives, target };
  if (options.printSchema === true || options.ddl !== undefined) {
    const { printTable } = await import("./print_table.ts");
    return await printTable(place, context);
  }
  const report = await exportAll({ ...place, target: target! }, context);
  if (options.json === true) await writeReport(context, jsonLine(report));
  else await say(context, reportText(report));
}

async function exportAll(
  { options, archives, target, selection, list, schema, renames }: TablePlace & {
    readonly target: OpenedObjectStore;
  },
  context: CliContext,
): Promise<ExportReport> {
  const { format, codec, partitionBy, check, follow } = options;
  const isCountable = list === undefined && follow !== true;
  const progress = new Progress(context, "exported", {
    total: isCountable
      ? async (signal) => (await countArchives(archives, selection, signal)).bytes
      : undefined,
  });
  let [events, bytes, done] = [0, 0, 0];
  try {
    return await exportTable(archives, target, {
      ...selection,
      ...{ schema, renames, format, codec, partitionBy, check, follow, list },
      clock: context.clock,
      signal: context.signal,
      onProgress: (newEvents, newBytes) =>
        progress.update(events += newEvents, bytes += newBytes, done),
      onArchive: ({ size }) => void (done += size),
      onSkip: ({ size }) => done += size,
    });
  } finally {
    await progress.end();
  }
}

/** Finds the archives that `--keys-from` names, each time it is called; undefined without it. */
async function listOf(
  { keysFrom, follow }: ExportOptions,
  archives: ObjectStore,
  selection: TablePlace["selection"],
  context: CliContext,
): Promise<ExportTableOptions["list"]> {
  if (keysFrom === undefined) return undefined;
  if (follow === true) {
    throw new UsageError("Cannot export: --follow lists archives; leave out --keys-from");
  }
  const { keysIn } = await import("../../options/keys_from.ts");
  const { findArchives } = await import("../../../archive/listing/find_archives.ts");
  // Kept, because they are read twice: for the schema, and to be exported.
  const keys = await Array.fromAsync(keysIn(keysFrom, context));
  return () => findArchives(archives, keys, selection);
}

/** What an export has done, in words. */
function reportText({ exported, done, changed, rows, rests }: ExportReport): string {
  const parts = [
    `Exported ${countOf(exported, "archive")} with ${countOf(rows, "event")}`,
    ...changed > 0 ? [`${formatCount(changed)} had changed`] : [],
    ...done > 0 ? [`${countOf(done, "archive")} had been exported before`] : [],
    ...rests > 0 ? [`${countOf(rests, "event")} with nulls or misfits in _rest`] : [],
  ];
  return parts.join("; ");
}

async function openTarget(options: ExportOptions): Promise<OpenedObjectStore | undefined> {
  const { to } = options;
  if (to === undefined) return undefined;
  const { openObjectStore } = await import("../../../objects/open_object_store.ts");
  try {
    // Not in the region of the stream: a redirect to that of the bucket is followed.
    return await openObjectStore(to, settingsOfMany(options));
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
