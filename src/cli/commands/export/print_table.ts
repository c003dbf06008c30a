import { inferSchema } from "../../../archive/export/infer_from_archives.ts";
import type { ArchiveEntry } from "../../../archive/archive_entry.ts";
import { readSchema } from "../../../archive/export/stored_schema.ts";
import { listAllArchives } from "../../../archive/listing/list_all_archives.ts";
import { growSchema } from "../../../archive/tables/change_schema.ts";
import type { TableSchema } from "../../../archive/tables/column_types.ts";
import { tableDdl } from "../../../archive/tables/ddl.ts";
import { formatSchema } from "../../../archive/tables/schema_file.ts";
import { TritonError } from "../../../base/errors.ts";
import { type CliContext, writeReport } from "../../cli_context.ts";
import { UsageError } from "../../options/usage_error.ts";
import type { TablePlace } from "./export_options.ts";

/** The first day of Athena's partition projection, if no archive is there: Kinesis began later. */
const FIRST_DAY = "2013-11-01";

/** Prints the schema that an export would have, or the SQL that makes it a table. Nothing is put. */
export async function printTable(place: TablePlace, context: CliContext): Promise<void> {
  const { ddl, to, format, stream, partitionBy } = place.options;
  if (ddl !== undefined && format !== "parquet") {
    throw new UsageError(`Cannot print SQL for ${format}: only Parquet files are tables`);
  }
  const schema = await findSchema(place);
  if (ddl === undefined) return await writeReport(context, formatSchema(schema));
  const location = /^[a-z0-9]+:/i.test(to!) ? to! : `s3://${to}`;
  const firstDay = partitionBy === undefined ? await firstDayOf(place) : undefined;
  await writeReport(context, tableDdl(ddl, { schema, name: stream, location, firstDay }));
}

async function findSchema(place: TablePlace): Promise<TableSchema> {
  const { schema, archives, target, renames, selection } = place;
  const { ddl, format, partitionBy } = place.options;
  const layout = ddl === undefined ? undefined : { format, partitionBy };
  const stored = target && await readSchema(target, layout);
  if (schema !== undefined) return stored === undefined ? schema : growSchema(stored, schema);
  const found = stored ??
    await inferSchema(archives, archivesOf(place), renames);
  if (found !== undefined) return found;
  throw new TritonError(`Cannot infer a schema: there are no events of ${selection.stream}`);
}

function archivesOf({ archives, selection, list }: TablePlace): AsyncIterable<ArchiveEntry> {
  return list?.(selection) ?? listAllArchives(archives, selection);
}

/** The day of the first archive. */
async function firstDayOf(place: TablePlace): Promise<string> {
  for await (const { day } of archivesOf(place)) {
    return `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  }
  return FIRST_DAY;
}
