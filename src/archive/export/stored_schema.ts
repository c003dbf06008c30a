import type { ObjectStore } from "../../objects/object_store.ts";
import { growSchema } from "../tables/change_schema.ts";
import { type TableSchema, TableSchemaError } from "../tables/column_types.ts";
import { formatSchema, parseSchema } from "../tables/schema_file.ts";
import { type Cutting, cuttingJson, defaultCutting, parseCutting } from "./cutting.ts";
import type { TableFormat } from "./table_writer.ts";

/** The first schema of a table; later ones are `schema.2.json` and so on. */
const FIRST = "_triton/schema.json";

/** How the files of a table are laid out; all of them must be so. */
export interface TableLayout {
  readonly format: TableFormat;
  /** The column by whose day rows are partitioned, such as `at:day`; undefined for the archive's. */
  readonly partitionBy: string | undefined;
}

/** What a target says about its table. */
export interface StoredTable {
  readonly schema: TableSchema;
  /** How large archives are cut, for ever. */
  readonly cutting: Cutting;
}

/** A schema at its place in the target. */
interface Stored extends StoredTable {
  readonly version: number;
}

/**
 * Reads the schema of a table.
 *
 * @returns The newest; undefined if the table has none yet.
 * @throws {TableSchemaError} If it is not one, or the table has another layout.
 */
export async function readSchema(
  store: ObjectStore,
  layout: TableLayout | undefined,
): Promise<TableSchema | undefined> {
  return (await readNewest(store, layout))?.schema;
}

/**
 * Adds what is new in a schema to that of the table. Every version is put only if it does not exist
 * yet, so that of several exporters one wins, and the others go on from what it has put.
 *
 * @param options `grows`: whether a schema that is there is grown. If not, it is returned as it is: what
 * was inferred may disagree with it. `cutting`: how a new table is cut. Default: that of its format.
 * @returns The table, with all columns of `wanted` if it grows.
 * @throws {TableSchemaError} If a column has another type in the table, or the table another layout.
 */
export async function putSchema(
  store: ObjectStore,
  wanted: TableSchema,
  layout: TableLayout,
  options: { readonly grows: boolean; readonly cutting?: Partial<Cutting> | undefined },
): Promise<StoredTable> {
  for (;;) {
    const newest = await readNewest(store, layout);
    if (newest !== undefined && !options.grows) return newest;
    const schema = newest === undefined ? wanted : growSchema(newest.schema, wanted);
    if (newest !== undefined && schema === newest.schema) return newest;
    const cutting = newest?.cutting ?? { ...defaultCutting(layout.format), ...options.cutting };
    const key = keyOf((newest?.version ?? 0) + 1);
    const text = formatStored({ schema, cutting }, layout);
    if (await store.put(key, new TextEncoder().encode(text), { ifAbsent: true }) === "created") {
      return { schema, cutting };
    }
  }
}

function keyOf(version: number): string {
  return version === 1 ? FIRST : `_triton/schema.${version}.json`;
}

function formatStored(
  { schema, cutting }: StoredTable,
  { format, partitionBy }: TableLayout,
): string {
  const table = {
    format,
    ...(partitionBy === undefined ? {} : { partition_by: partitionBy }),
    cut: cuttingJson(cutting),
  };
  return JSON.stringify({ ...JSON.parse(formatSchema(schema)), table }, null, 2) + "\n";
}

async function readNewest(
  store: ObjectStore,
  layout: TableLayout | undefined,
): Promise<Stored | undefined> {
  let version = 0;
  // The keys are few, and not in the order of their numbers.
  for await (const { key } of listed(store)) {
    const number = /^_triton\/schema(?:\.(\d+))?\.json$/.exec(key);
    if (number !== null) version = Math.max(version, Number(number[1] ?? 1));
  }
  if (version === 0) return undefined;
  const key = keyOf(version);
  const text = new TextDecoder().decode(await (await store.get(key)).bytes());
  try {
    const schema = parseSchema(text);
    const table: TableJson | undefined = JSON.parse(text).table;
    if (layout !== undefined) checkLayout(table, layout);
    const cutting = table?.cut === undefined
      ? defaultCutting(table?.format ?? "parquet")
      : parseCutting(table.cut);
    return { version, schema, cutting };
  } catch (error) {
    if (!(error instanceof TableSchemaError)) throw error;
    throw new TableSchemaError(`${error.message} (${store.url}/${key})`, { cause: error });
  }
}

/** A target that does not exist yet has no schema. */
async function* listed(store: ObjectStore) {
  try {
    yield* store.list("_triton/schema");
  } catch (error) {
    const isNew = store.url.startsWith("file:") &&
      (error as { code?: string }).code === "NoSuchBucket";
    if (!isNew) throw error;
  }
}

/** The layout, as it is in the file. */
interface TableJson {
  readonly format?: TableFormat;
  readonly partition_by?: string;
  readonly cut?: unknown;
}

function checkLayout(
  table: TableJson | undefined,
  { format, partitionBy }: TableLayout,
): void {
  const text = (format: string | undefined, by: string | undefined) =>
    `${format}, partitioned by ${by ?? "the day of the archive"}`;
  const [is, wanted] = [text(table?.format, table?.partition_by), text(format, partitionBy)];
  if (table === undefined || is === wanted) return;
  throw new TableSchemaError(
    `Cannot export as ${wanted}: the table is ${is}; its rows would be doubled; export to another place`,
  );
}
