import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { CellGrid } from "../../../src/archive/map/cell_grid.ts";
import { startOfSlot } from "../../../src/archive/map/slots.ts";
import { DAY, HOUR } from "./map_files.ts";

const ADDED = fc.record({
  row: fc.constantFrom("a", "b", "c"),
  from: fc.integer({ min: Date.UTC(1969), max: Date.UTC(2040) }),
  length: fc.oneof(
    fc.integer({ min: 0, max: 3 * HOUR }),
    fc.integer({ min: 0, max: 50 * 366 * DAY }),
  ),
  amounts: fc.record({
    files: fc.nat({ max: 3 }),
    events: fc.nat(),
    quarantined: fc.nat({ max: 9 }),
    size: fc.nat(),
  }),
});

Deno.test("CellGrid keeps all sums and its limits, whatever is added", () => {
  fc.assert(fc.property(fc.array(ADDED, { maxLength: 8 }), (added) => {
    const limits = { cells: 400, slots: 150 };
    const grid = new CellGrid(HOUR, limits);
    for (const { row, from, length, amounts } of added) {
      grid.add(row, { from, to: from + length }, amounts);
    }
    for (const row of ["a", "b", "c"]) {
      const cells = grid.cellsOf(row, 0);
      for (const name of ["files", "events", "quarantined", "size"] as const) {
        const sum = cells.reduce((total, cell) => total + cell[name], 0);
        const expected = added.filter((one) => one.row === row)
          .reduce((total, { amounts }) => total + amounts[name], 0);
        equal(sum, expected, name);
      }
    }
    ok(added.length === 0 || grid.last - grid.first < limits.slots);
    for (const { row, from, length } of added) {
      const covered = grid.cellsOf(row, 0);
      ok(startOfSlot(covered[0]!.slot, grid.slotMs) <= from);
      ok(startOfSlot(covered.at(-1)!.slot + 1, grid.slotMs) > from + length);
    }
  }));
});

Deno.test("CellGrid marks the cells of a time, and keeps the marks when slots become longer", () => {
  const grid = new CellGrid(HOUR, { cells: 1_000, slots: 100 });
  const start = Date.UTC(2026, 0, 1);
  grid.mark("a", { from: start, to: start + 2 * HOUR }, "gap");
  grid.mark("a", { from: start, to: start }, "missing");
  const marks = () => grid.cellsOf("a", grid.first).map(({ slot, marks }) => [slot, marks]);
  deepEqual(marks(), [[0, ["missing", "gap"]], [1, ["gap"]], [2, ["gap"]]]);
  grid.markBetween("b", { from: start, to: start + 2 * HOUR }, "gap");
  grid.markBetween("b", { from: start + 8 * HOUR, to: start + 9 * HOUR }, "gap");
  deepEqual(grid.cellsOf("b", grid.first).map(({ slot }) => slot), [1, 8, 9]);
  grid.lengthenTo(DAY);
  deepEqual(marks(), [[0, ["missing", "gap"]]]);
  deepEqual(grid.span, { from: start, to: start + DAY - 1 });
});
