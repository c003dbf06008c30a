import { deepStrictEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { widthOf } from "../../../src/cli/text/fit.ts";
import { formatTable } from "../../../src/cli/text/table.ts";

Deno.test("formatTable() formats as many rows as a bucket has files", () => {
  const rows = Array.from({ length: 300_000 }, (_, index) => [String(index), "x"]);
  deepStrictEqual(formatTable(rows).slice(-1), ["299999  x"]);
});

const KEY = "20260901/prod-user_activity-store-1788264000.tri";
const FILES = [
  ["key", "events", "first arrival", "last arrival"],
  [KEY, "1,709", "2026-09-01T12:00:00Z", "2026-09-01T12:59:58Z"],
];
const layout = { right: [1], optional: [2] };

/** The last line of the table at a width, which is the row or a note. */
function at(columns?: number): string[] {
  return formatTable(FILES, { ...layout, columns }).slice(1);
}

Deno.test("formatTable() leaves a table whole if it fits, and if there is no terminal", () => {
  const whole = [`${KEY}   1,709  2026-09-01T12:00:00Z  2026-09-01T12:59:58Z`];
  deepStrictEqual(at(), whole);
  deepStrictEqual(at(100), whole);
});

Deno.test("formatTable() cuts names first, then seconds, then names further, then columns", () => {
  deepStrictEqual(at(99), [
    "20260901/prod-user_acti…ty-store-1788264000.tri   1,709  2026-09-01T12:00:00Z  2026-09-01T12:59:58Z",
  ]);
  deepStrictEqual(at(76), [
    "20260901/pro…8264000.tri   1,709  2026-09-01T12:00:00Z  2026-09-01T12:59:58Z",
  ]);
  deepStrictEqual(at(75), [
    "20260901/prod-u…-1788264000.tri   1,709  2026-09-01 12:00  2026-09-01 12:59",
  ]);
  deepStrictEqual(at(56), ["202609…0.tri   1,709  2026-09-01 12:00  2026-09-01 12:59"]);
  deepStrictEqual(at(55), [
    "20260901/prod-…1788264000.tri   1,709  2026-09-01 12:59",
    "Not shown in 55 columns: first arrival",
  ]);
});

Deno.test("formatTable() never exceeds the terminal while each column has four characters", () => {
  const cell = fc.string({ unit: "grapheme", maxLength: 60 });
  const tables = fc.integer({ min: 1, max: 6 }).chain((width) =>
    fc.tuple(
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), {
        minLength: 1,
        maxLength: 5,
      }),
      fc.uniqueArray(fc.nat(width - 1), { maxLength: width - 1 }),
    )
  );
  fc.assert(
    fc.property(tables, fc.integer({ min: 34, max: 220 }), ([rows, optional], columns) => {
      const lines = formatTable(rows, { columns, optional });
      for (const line of lines.slice(0, rows.length)) ok(widthOf(line) <= columns, line);
      const shown = lines.length > rows.length;
      ok(!shown || optional.length > 0, "only optional columns are left out, and a line says so");
    }),
  );
});

Deno.test("formatTable() paints cells by the columns that they have in the whole table", () => {
  const painted: number[] = [];
  const paint = (cell: string, _row: number, column: number) => (painted.push(column), cell);
  formatTable(FILES, { ...layout, columns: 55, paint });
  deepStrictEqual(painted, [0, 1, 3, 0, 1, 3]);
  equal(formatTable(FILES, { columns: 55, ...layout }).length, 3);
});
