import { deepStrictEqual } from "node:assert/strict";
import { formatTable } from "../../../src/cli/text/table.ts";

Deno.test("formatTable() formats as many rows as a bucket has files", () => {
  const rows = Array.from({ length: 300_000 }, (_, index) => [String(index), "x"]);
  deepStrictEqual(formatTable(rows).slice(-1), ["299999  x"]);
});
