import type { Mutant } from "../mutant.ts";

const TABLES = "src/archive/tables";
const EXPORT = "src/archive/export";
const TESTS = {
  split: ["tests/archive/tables/split_event_test.ts"],
  schema: ["tests/archive/tables/schema_test.ts"],
  parquet: ["tests/archive/tables/parquet/parquet_table_test.ts"],
  table: ["tests/archive/export/export_table_test.ts"],
  edges: ["tests/archive/export/export_edges_test.ts"],
  kill: ["tests/archive/export/export_kill_test.ts"],
  changed: ["tests/archive/export/changed_input_test.ts"],
};

/** Wrong changes to schemas, rows and exports. */
export const TABLES_MUTANTS: readonly Mutant[] = [
  {
    breaks: "a null stands in the rest, which tells it from a missing key",
    file: `${TABLES}/split_event.ts`,
    find: "const cell = value === null ? MISFIT : toCell(value, type);",
    replace: "const cell = value === null ? null : toCell(value, type);",
    tests: TESTS.split,
  },
  {
    breaks: "a list with one misfit stands in the rest as a whole",
    file: `${TABLES}/split_event.ts`,
    find: "    if (cell === MISFIT) return MISFIT;\n",
    replace: "    if (cell === MISFIT) continue;\n",
    tests: TESTS.split,
  },
  {
    breaks: "-0 is no integer",
    file: `${TABLES}/split_event.ts`,
    find: "return Number.isSafeInteger(value) && !Object.is(value, -0);",
    replace: "return Number.isSafeInteger(value);",
    tests: TESTS.split,
  },
  {
    breaks: "a map that looks like a tagged value is told from one",
    file: `${TABLES}/exact_json.ts`,
    find: "onlyKey !== undefined && TAGS.includes(onlyKey)",
    replace: "onlyKey !== undefined && TAGS.indexOf(onlyKey) > 0",
    tests: TESTS.split,
  },
  {
    breaks: "a time finer than microseconds stands in the rest",
    file: `${TABLES}/times.ts`,
    find: "  if (nanoseconds % 1000 !== 0) return undefined;\n",
    replace: "",
    tests: TESTS.split,
  },
  {
    breaks: "integers beside doubles become double only if all are exact as one",
    file: `${TABLES}/infer_schema.ts`,
    find: "return areNumbers && seen.areDoubles ?",
    replace: "return areNumbers ?",
    tests: TESTS.schema,
  },
  {
    breaks: "a map with more than 100 keys becomes JSON",
    file: `${TABLES}/infer_schema.ts`,
    find: "if (depth > MAX_STRUCT_DEPTH || seen.fields.size > MAX_KEYS) return JSON_TYPE;",
    replace: "if (depth > MAX_STRUCT_DEPTH || seen.fields.size > MAX_KEYS + 1) return JSON_TYPE;",
    tests: TESTS.schema,
  },
  {
    breaks: "columns are never retyped",
    file: `${TABLES}/change_schema.ts`,
    find: "if (typeText(current) === typeText(wanted)) return current;",
    replace: "if (current.type !== wanted.type || typeText(wanted) !== undefined) return current;",
    tests: TESTS.schema,
  },
  {
    breaks: "the leaves of a list that did not fit are undone",
    file: `${TABLES}/parquet/shredder.ts`,
    find: "if (!isWhole) { for (const inner of node.leaves) inner.undoRow(); }",
    replace: "if (isWhole) { for (const inner of node.leaves) inner.undoRow(); }",
    tests: TESTS.parquet,
  },
  {
    breaks: "a key that is in an event twice has the value that decodeEvent() gives it",
    file: `${TABLES}/parquet/shredder.ts`,
    find: "        if (field.seen === map) return this.#giveUp();\n",
    replace: "",
    tests: TESTS.parquet,
  },
  {
    breaks: "of several exporters, one puts the schema",
    file: `${EXPORT}/stored_schema.ts`,
    find: "{ ifAbsent: true }",
    replace: "{ ifAbsent: newest === undefined && schema !== wanted }",
    tests: TESTS.table,
  },
  {
    breaks: "an output is put only if it is not there",
    file: `${EXPORT}/export_target.ts`,
    find: "{ ifAbsent: true, metadata, signal }",
    replace: "{ ifAbsent: false, metadata, signal }",
    tests: [...TESTS.table, ...TESTS.kill],
  },
  {
    breaks: "the output of an archive that has changed is replaced",
    file: `${EXPORT}/export_target.ts`,
    find: "if (await readInputHash(store, key) === hash) return false;",
    replace: "if (await readInputHash(store, key) !== undefined) return false;",
    tests: TESTS.table,
  },
  {
    breaks: "outputs that a changed archive no longer has become empty",
    file: `${EXPORT}/outputs.ts`,
    find: "if (made.has(key)) continue;",
    replace: "if (made.has(key) || this.#keys.length > 0) continue;",
    tests: TESTS.table,
  },
  {
    breaks: "an archive is not done while its log has begun it again, and no output says otherwise",
    file: `${EXPORT}/done_archives.ts`,
    find: "if (number > 0 && !isDone) return false;",
    replace: "if (number > 0 && !isDone && this.#isPartitioned) return false;",
    tests: TESTS.changed,
  },
  {
    breaks: "a table has one way of partitioning",
    file: `${EXPORT}/stored_schema.ts`,
    find: "if (table === undefined || is === wanted) return;",
    replace: "if (table === undefined || table.format === format) return;",
    tests: TESTS.table,
  },
  {
    breaks: "an archive that became empty empties its table",
    file: `${EXPORT}/export_table.ts`,
    find: "return entry.size !== EMPTY_ARCHIVE.length || number > 0;",
    replace: "return entry.size !== EMPTY_ARCHIVE.length && number >= 0;",
    tests: [...TESTS.edges, ...TESTS.changed],
  },
];
