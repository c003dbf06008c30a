import type { Column, ColumnType, TableSchema } from "./column_types.ts";
import { allColumns } from "./parquet/parquet_schema.ts";

/** Engines that {@linkcode tableDdl} knows. */
export const DDL_ENGINES = ["athena", "duckdb", "spark", "bigquery"] as const;

/** One of {@linkcode DDL_ENGINES}. */
export type DdlEngine = (typeof DDL_ENGINES)[number];

/** What a table is called, and where it is. */
export interface DdlOptions {
  readonly schema: TableSchema;
  /** Name of the table; characters that engines refuse become `_`. */
  readonly name: string;
  /** URL of the target, such as `s3://lake/clicks`. */
  readonly location: string;
  /** The first day, as `YYYY-MM-DD`; undefined if rows may be of any day, or of none. */
  readonly firstDay: string | undefined;
}

/** Returns the SQL that makes the files of an export a table of an engine. */
export function tableDdl(engine: DdlEngine, options: DdlOptions): string {
  const name = options.name.toLowerCase().replace(/[^a-z0-9_]/g, "_");
  const location = options.location.replace(/\/+$/, "");
  return WRITERS[engine]({ ...options, name, location });
}

const WRITERS: Readonly<Record<DdlEngine, (options: DdlOptions) => string>> = {
  athena: athenaDdl,
  duckdb: duckDbDdl,
  spark: sparkDdl,
  bigquery: bigQueryDdl,
};

/**
 * With partition projection, so new days need no `MSCK REPAIR TABLE`, if the range of days is known:
 * Athena reads nothing outside it.
 */
function athenaDdl({ schema, name, location, firstDay }: DdlOptions): string {
  const url = quoted(location);
  const table = `CREATE EXTERNAL TABLE IF NOT EXISTS \`${name}\` (
${columnLines(schema, "`", hiveType)}
)
PARTITIONED BY (\`dt\` string)
STORED AS PARQUET
LOCATION '${url}/'`;
  if (firstDay === undefined) return `${table};\n\nMSCK REPAIR TABLE \`${name}\`;\n`;
  return `${table}
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.dt.type' = 'date',
  'projection.dt.format' = 'yyyy-MM-dd',
  'projection.dt.range' = '${firstDay},NOW',
  'storage.location.template' = '${url}/dt=\${dt}/'
);
`;
}

function sparkDdl({ schema, name, location }: DdlOptions): string {
  return `CREATE TABLE IF NOT EXISTS \`${name}\` (
${columnLines(schema, "`", hiveType)},
  \`dt\` date
)
USING PARQUET
PARTITIONED BY (\`dt\`)
LOCATION '${quoted(location)}';

MSCK REPAIR TABLE \`${name}\`;
`;
}

function duckDbDdl({ name, location }: DdlOptions): string {
  const path = location.startsWith("file://") ? decodeURI(location.slice(7)) : location;
  return `CREATE OR REPLACE VIEW "${name}" AS
SELECT * FROM read_parquet(
  '${quoted(path)}/dt=*/*.parquet',
  union_by_name = true,
  hive_partitioning = true
);
`;
}

/** Lists are lists, and not structs of structs, with list inference. */
function bigQueryDdl({ schema, name, location }: DdlOptions): string {
  const url = quoted(location);
  return `CREATE EXTERNAL TABLE IF NOT EXISTS \`${name}\` (
${columnLines(schema, "`", bigQueryType)}
)
WITH PARTITION COLUMNS (\`dt\` DATE)
OPTIONS (
  format = 'PARQUET',
  uris = ['${url}/dt=*'],
  hive_partition_uri_prefix = '${url}',
  enable_list_inference = true
);
`;
}

function columnLines(
  schema: TableSchema,
  quote: string,
  typeOf: (type: ColumnType) => string,
): string {
  const lines = allColumns(schema).map(({ name, type }) =>
    `  ${quotedName(name, quote)} ${typeOf(type)}`
  );
  return lines.join(",\n");
}

function quotedName(name: string, quote: string): string {
  return quote + name.replaceAll(quote, quote + quote) + quote;
}

const HIVE_TYPES = {
  int64: "bigint",
  double: "double",
  boolean: "boolean",
  string: "string",
  json: "string",
  binary: "binary",
  timestamp: "timestamp",
};

function hiveType(type: ColumnType): string {
  if (type.type === "list") return `array<${hiveType(type.element)}>`;
  if (type.type !== "struct") return HIVE_TYPES[type.type];
  const field = ({ name, type }: Column) => `${fieldName(name)}:${hiveType(type)}`;
  return `struct<${type.fields.map(field).join(",")}>`;
}

/** Plain names stay as they are: Athena takes no quotes there. */
function fieldName(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : quotedName(name, "`");
}

const BIGQUERY_TYPES = {
  int64: "INT64",
  double: "FLOAT64",
  boolean: "BOOL",
  string: "STRING",
  json: "STRING",
  binary: "BYTES",
  timestamp: "TIMESTAMP",
};

function bigQueryType(type: ColumnType): string {
  if (type.type === "list") return `ARRAY<${bigQueryType(type.element)}>`;
  if (type.type !== "struct") return BIGQUERY_TYPES[type.type];
  const field = ({ name, type }: Column) => `${quotedName(name, "`")} ${bigQueryType(type)}`;
  return `STRUCT<${type.fields.map(field).join(", ")}>`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "''");
}
