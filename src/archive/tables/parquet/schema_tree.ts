import type { Column, ColumnType } from "../column_types.ts";
import { LeafColumn, type PhysicalType } from "./leaf_column.ts";
import { encodeMsgpack } from "../../../codec/msgpack/encode.ts";

/** A place in the schema, and the leaves below it. */
export interface SchemaNode {
  readonly type: ColumnType;
  /** Definition level of a slot in which a value is here. */
  readonly definition: number;
  /** All leaves at or below this place. */
  readonly leaves: readonly LeafColumn[];
  /** The leaf, if it is one. */
  readonly leaf: LeafColumn | undefined;
  /** The fields, if it is a struct. */
  readonly fields: FieldTable | undefined;
  /** The elements, if it is a list, and the repetition level of the second and later ones. */
  readonly element: SchemaNode | undefined;
  readonly repetition: number;
}

/** A field of a struct. */
export class Field {
  readonly node: SchemaNode;
  /** The key as JSON, with the colon. */
  readonly json: string;
  readonly key: string;
  /** The key in MessagePack. */
  readonly token: Uint8Array;
  /** The field that followed this one in the last event. */
  next: Field | undefined;
  /** The last map in which the key was seen, and the last in which it had a value of its column. */
  seen = 0;
  filled = 0;

  constructor(key: string, node: SchemaNode) {
    this.key = key;
    this.node = node;
    this.json = `${JSON.stringify(key)}:`;
    this.token = encodeMsgpack(key);
  }

  /** Whether this is the key at `at`. */
  isAt(bytes: Uint8Array, at: number): boolean {
    const { token } = this;
    for (let i = 0; i < token.length; i++) if (bytes[at + i] !== token[i]) return false;
    return true;
  }
}

/** Candidates per struct; more fields share places, and are then found by their text. */
const PLACES = 64;

/** The fields of a struct, found by the bytes of their keys. */
export class FieldTable {
  readonly fields: readonly Field[];
  /** The field that came first in the last event. */
  first: Field | undefined;
  readonly #byText: ReadonlyMap<string, Field>;
  readonly #places: (Field | undefined)[] = new Array(PLACES).fill(undefined);

  constructor(fields: readonly Field[]) {
    this.fields = fields;
    this.#byText = new Map(fields.map((field) => [field.key, field]));
    for (const field of fields) this.#places[placeOf(field.token, 0)] ??= field;
  }

  /** The likely field for the key at `at`. */
  guess(bytes: Uint8Array, at: number): Field | undefined {
    const field = this.#places[placeOf(bytes, at)];
    return field?.isAt(bytes, at) ? field : undefined;
  }

  byText(key: string): Field | undefined {
    return this.#byText.get(key);
  }
}

/** By the first bytes, which are there: a key has a value after it. */
function placeOf(token: Uint8Array, at: number): number {
  const mixed = Math.imul(
    token[at]! ^ ((token[at + 1] ?? 0) << 5) ^ ((token[at + 2] ?? 0) << 10),
    0x9e3779b1,
  );
  return (mixed ^ Math.imul(token[at + 3] ?? 0, 0x85ebca6b)) >>> 26;
}

/** Makes the tree of a struct, whose values are at definition level `definition`. */
export function structNode(
  columns: readonly Column[],
  type: ColumnType,
  place: NodePlace,
): SchemaNode {
  const fields = columns.map(({ key, name, type }) => {
    const path = [...place.path, name];
    const { definition, repetition } = place;
    return new Field(key, nodeOf(type, { path, definition: definition + 1, repetition }));
  });
  const leaves = fields.flatMap(({ node }) => node.leaves);
  const { definition, repetition } = place;
  const table = new FieldTable(fields);
  return {
    type,
    definition,
    leaves,
    leaf: undefined,
    fields: table,
    element: undefined,
    repetition,
  };
}

/** Where a node is: names from the top, and the levels of a value there. */
export interface NodePlace {
  readonly path: readonly string[];
  readonly definition: number;
  readonly repetition: number;
}

function nodeOf(type: ColumnType, place: NodePlace): SchemaNode {
  if (type.type === "struct") return structNode(type.fields, type, place);
  if (type.type !== "list") return leafNode(type, physicalType(type), place);
  // The list is there, it has an element, and the element is not null.
  const definition = place.definition + 2;
  const repetition = place.repetition + 1;
  const path = [...place.path, "list", "element"];
  const element = nodeOf(type.element, { path, definition, repetition });
  const { leaves } = element;
  return { ...place, type, leaves, leaf: undefined, fields: undefined, element, repetition };
}

/** Makes the node of a leaf. */
export function leafNode(type: ColumnType, physical: PhysicalType, place: NodePlace): SchemaNode {
  const { path, definition, repetition } = place;
  const leaf = new LeafColumn(path, physical, {
    maxDefinition: definition,
    maxRepetition: repetition,
  });
  return {
    type,
    definition,
    leaves: [leaf],
    leaf,
    fields: undefined,
    element: undefined,
    repetition,
  };
}

/** How Parquet stores the values of a type that is a leaf. */
export function physicalType({ type }: ColumnType): PhysicalType {
  switch (type) {
    case "int64":
    case "timestamp":
      return "INT64";
    case "double":
      return "DOUBLE";
    case "boolean":
      return "BOOLEAN";
    default:
      return "BYTE_ARRAY";
  }
}
