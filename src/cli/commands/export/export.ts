import { Command, Option } from "commander";
import { parseBucket } from "../../../base/settings/values.ts";
import type { CliContext } from "../../cli_context.ts";
import { examples } from "../../text/help_text.ts";
import { addArchiveOptions } from "../../options/archive.ts";
import { argument } from "../../options/options.ts";
import { UsageError } from "../../options/usage_error.ts";
import type { ExportOptions } from "./export_options.ts";

/** `triton export`: archives as tables. */
export function exportCommand(context: CliContext): Command {
  const command = new Command("export")
    .description(
      "Exports the archives of a stream as tables, such as Parquet: one file per archive, by day. " +
        "Columns come from --columns or --schema, else from TARGET/_triton/schema.json, else from the " +
        "first 10,000 events. Nothing is coerced: what does not fit its column stands in the column " +
        "_rest as JSON. A rerun exports only what is missing, and several may run at once.",
    );
  return addArchiveOptions(command, "write")
    .option(
      "--to <url>",
      "target: s3://BUCKET/PREFIX, BUCKET/PREFIX or file:///DIR",
      argument(parseBucket),
    )
    .option(
      "--columns <list>",
      "columns with types, such as 'user.id:int64, page, at:timestamp(iso)'",
    )
    .option(
      "--schema <file>",
      "a file with the columns, as --print-schema prints it; - is standard input",
    )
    .option(
      "--rename <path=name>",
      "another name for a column; may be repeated",
      (value: string, all: string[] = []) => [...all, value],
    )
    .addOption(
      new Option("--format <format>", "format of the files").choices([
        "parquet",
        "ndjson.gz",
        "csv",
      ])
        .default("parquet"),
    )
    .addOption(
      new Option("--codec <codec>", "compression of Parquet")
        .choices(["snappy", "zstd", "gzip", "none"]).default("snappy"),
    )
    .option("--partition-by <column:day>", "partition by the day of a column, such as at:day")
    .option("--follow", "go on with new archives, until a signal")
    .option("--check", "export archives again that have changed since they were exported")
    .option("--print-schema", "print the schema, and export nothing")
    .addOption(
      new Option("--ddl <engine>", "print the SQL for the table, and export nothing")
        .choices(["athena", "duckdb", "spark", "bigquery"]),
    )
    .option("--json", "print what was done as one JSON object")
    .addHelpText(
      "after",
      examples({
        "Parquet files by day, for example for Athena; a rerun adds what is new":
          "triton export --stream clicks --to s3://lake/clicks",
        "the SQL that makes them a table":
          "triton export --stream clicks --to s3://lake/clicks --ddl athena",
      }),
    )
    .action(async (options: ExportOptions) => {
      const isPrinted = options.printSchema === true && options.ddl === undefined;
      if (options.to === undefined && !isPrinted) {
        throw new UsageError("Cannot export: pass --to s3://BUCKET/PREFIX or file:///DIR");
      }
      const { runExport } = await import("./run_export.ts");
      await runExport(options, context);
    });
}
