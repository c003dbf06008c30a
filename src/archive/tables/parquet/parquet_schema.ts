import type { Column, ColumnType, TableSchema } from "../column_types.ts";

/** An element of a Parquet schema, as `hyparquet-writer` takes it. */
export interface SchemaElement {
  name: string;
  type?: "INT64" | "DOUBLE" | "BOOLEAN" | "BYTE_ARRAY";
  repetition_type?: "OPTIONAL" | "REPEATED";
  num_children?: number;
  converted_type?: "UTF8" | "TIMESTAMP_MICROS" | "LIST";
  logical_type?:
    | { type: "STRING" | "LIST" }
    | { type: "TIMESTAMP"; isAdjustedToUTC: boolean; unit: "MICROS" };
}

/** The columns of a file: the system's, those of the events, and the rest. */
export function allColumns({ columns }: TableSchema): readonly Column[] {
  const system = (name: string, type: ColumnType): Column => ({ key: name, name, type });
  return [
    system("_file", { type: "string" }),
    system("_index", { type: "int64" }),
    system("_archived_at", { type: "timestamp", form: "time" }),
    ...columns,
    system("_rest", { type: "json" }),
  ];
}

/**
 * The schema of a Parquet file, depth first.
 *
 * Every column is optional. Times are `TIMESTAMP(MICROS, UTC)`, which all engines read. JSON is text:
 * PyIceberg and others do not know Parquet's type JSON.
 */
export function parquetSchema(schema: TableSchema): SchemaElement[] {
  const columns = allColumns(schema);
  return [
    { name: "schema", num_children: columns.length },
    ...columns.flatMap(({ name, type }) => elementsOf(name, type)),
  ];
}

function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  const element: SchemaElement = { name, repetition_type: "OPTIONAL" };
  switch (type.type) {
    case "int64":
      return [{ ...element, type: "INT64" }];
    case "double":
      return [{ ...element, type: "DOUBLE" }];
    case "boolean":
      return [{ ...element, type: "BOOLEAN" }];
    case "binary":
      return [{ ...element, type: "BYTE_ARRAY" }];
    case "string":
    case "json":
      return [{
        ...element,
        type: "BYTE_ARRAY",
        converted_type: "UTF8",
        logical_type: { type: "STRING" },
      }];
    case "timestamp":
      return [{
        ...element,
        type: "INT64",
        converted_type: "TIMESTAMP_MICROS",
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
      }];
    case "struct":
      return [
        { ...element, num_children: type.fields.length },
        ...type.fields.flatMap((field) => elementsOf(field.name, field.type)),
      ];
    case "list":
      return [
        { ...element, num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        ...elementsOf("element", type.element),
      ];
  }
}
