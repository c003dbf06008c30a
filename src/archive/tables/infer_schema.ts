import type { EventData } from "../../base/record.ts";
import {
  checkSchema,
  type Column,
  type ColumnType,
  countAllLeaves,
  countLeaves,
  foldName,
  isName,
  MAX_LEAVES,
  MAX_STRUCT_DEPTH,
  RESERVED_NAMES,
  type TableSchema,
} from "./column_types.ts";
import { renameColumns, type Renames } from "./change_schema.ts";
import { isInt64, isMap } from "./split_event.ts";
import { toMicros } from "./times.ts";

/** A map with more distinct keys becomes JSON: its keys are data, such as ids. */
const MAX_KEYS = 100;

/** How many events a schema is inferred from. */
export const SAMPLE_EVENTS = 10_000;

/** The kinds of values, beside null. */
type Kind =
  | "int64"
  | "bigint"
  | "double"
  | "boolean"
  | "string"
  | "binary"
  | "time"
  | "map"
  | "list"
  | "other";

/** What was seen at one path. */
interface Seen {
  readonly kinds: Set<Kind>;
  /** How often there was a value. */
  count: number;
  /** Whether every integer is also a double. */
  areDoubles: boolean;
  /** By key, in the order of their appearance. */
  readonly fields: Map<string, Seen>;
  element: Seen | undefined;
}

/**
 * Infers a schema from events.
 *
 * Integers become `int64` if all fit, and `double` together with doubles if all are exact as one. Maps
 * become structs, up to four deep and 200 leaves in all, and JSON beyond and with more than 100
 * distinct keys; lists become lists if all elements have one type. What has several types becomes
 * `json`. A key that was always null has no type, and so no column.
 */
export class SchemaInference {
  readonly #root = newSeen();
  #events = 0;

  /** Number of events that were added. */
  get events(): number {
    return this.#events;
  }

  /** Adds an event, as `decodeEvent` returns it. */
  add(event: EventData): void {
    this.#events++;
    addFields(this.#root, event, 0);
  }

  /**
   * Returns the schema of the events so far.
   *
   * A reserved name gets a `_` at its end: go-triton's events have a `dt`.
   *
   * @param renames New names of columns.
   * @throws {TableSchemaError} If names are equal ignoring case, and not renamed.
   */
  schema(renames: Renames = new Map()): TableSchema {
    const columns = fieldsOf(this.#root, 1);
    const fitting = withinLeaves(columns, this.#root).map(withFreeName);
    return checkSchema({ columns: renameColumns(fitting, renames) });
  }
}

function newSeen(): Seen {
  return { kinds: new Set(), count: 0, areDoubles: true, fields: new Map(), element: undefined };
}

/** Adds the fields of a map inside `depth` others. */
function addFields(seen: Seen, map: EventData, depth: number): void {
  const limit = depth === 0 ? Infinity : MAX_KEYS;
  for (const [key, value] of Object.entries(map)) {
    let field = seen.fields.get(key);
    if (field === undefined) {
      // One more than the limit shows that it is exceeded.
      if (seen.fields.size > limit) continue;
      seen.fields.set(key, field = newSeen());
    }
    addValue(field, value, depth + 1);
  }
}

function addValue(seen: Seen, value: unknown, depth: number): void {
  if (value === null) return;
  seen.count++;
  const kind = kindOf(value);
  seen.kinds.add(kind);
  if (typeof value === "bigint") seen.areDoubles = false;
  if (depth > MAX_STRUCT_DEPTH) return;
  if (kind === "map") addFields(seen, value as EventData, depth);
  else if (kind === "list") {
    const element = seen.element ??= newSeen();
    for (const item of value as readonly unknown[]) addValue(element, item, depth + 1);
  }
}

function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "boolean":
    case "string":
      return typeof value as "boolean" | "string";
    case "bigint":
      return isInt64(value) ? "int64" : "bigint";
    case "number":
      return isInt64(value) ? "int64" : "double";
  }
  if (Array.isArray(value)) return "list";
  if (value instanceof Uint8Array) return "binary";
  if (isMap(value)) return "map";
  return toMicros(value, "time") === undefined ? "other" : "time";
}

/** The columns of a map; `depth` is the number of maps and lists around their values. */
function fieldsOf(seen: Seen, depth: number): Column[] {
  return [...seen.fields].flatMap(([key, field]) => {
    const type = isName(key) ? typeOf(field, depth) : undefined;
    return type === undefined ? [] : [{ key, name: key, type }];
  });
}

const JSON_TYPE: ColumnType = { type: "json" };

/** The type for what was seen; undefined if it was only null. */
function typeOf(seen: Seen, depth: number): ColumnType | undefined {
  const [kind, ...others] = seen.kinds;
  if (kind === undefined) return undefined;
  if (others.length > 0) {
    const areNumbers = [...seen.kinds].every((one) => one === "int64" || one === "double");
    return areNumbers && seen.areDoubles ? { type: "double" } : JSON_TYPE;
  }
  switch (kind) {
    case "time":
      return { type: "timestamp", form: "time" };
    case "map": {
      if (depth > MAX_STRUCT_DEPTH || seen.fields.size > MAX_KEYS) return JSON_TYPE;
      const fields = fieldsOf(seen, depth + 1);
      return fields.length === 0 ? JSON_TYPE : { type: "struct", fields };
    }
    case "list": {
      const element = seen.element && typeOf(seen.element, depth + 1);
      return element === undefined || element.type === "json"
        ? JSON_TYPE
        : { type: "list", element };
    }
    case "bigint":
    case "other":
      return JSON_TYPE;
    default:
      return { type: kind };
  }
}

function withFreeName(column: Column): Column {
  const isReserved = RESERVED_NAMES.includes(foldName(column.name));
  return isReserved ? { ...column, name: `${column.name}_` } : column;
}

/** Drops the rarest columns, and makes the largest JSON, until there are few enough leaves. */
function withinLeaves(columns: readonly Column[], root: Seen): readonly Column[] {
  let fitting = columns.length > MAX_LEAVES ? mostFrequent(columns, root) : columns;
  while (countAllLeaves(fitting) > MAX_LEAVES) {
    const sizes = fitting.map(({ type }) => countLeaves(type));
    const largest = sizes.indexOf(Math.max(...sizes));
    fitting = fitting.map((column, i) => i === largest ? { ...column, type: JSON_TYPE } : column);
  }
  return fitting;
}

function mostFrequent(columns: readonly Column[], { fields }: Seen): readonly Column[] {
  const countOf = ({ key }: Column) => fields.get(key)!.count;
  const kept = new Set(columns.toSorted((a, b) => countOf(b) - countOf(a)).slice(0, MAX_LEAVES));
  return columns.filter((column) => kept.has(column));
}
