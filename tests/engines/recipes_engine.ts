import { deepStrictEqual, equal } from "node:assert/strict";
import { join } from "node:path";
import { DirectoryObjectStore } from "../../src/objects/mod.ts";
import { rowsIn } from "../archive/export/tables.ts";
import { withEngines } from "./engine_place.ts";

Deno.test("PyIceberg and delta-rs take the files of an export as they are", () =>
  withEngines(async ({ folder, stream, bucket, events, triton, python }) => {
    const table = join(folder, "table");
    const to = ["--stream", stream, "--bucket", bucket, "--to", `file://${table}`];
    await triton("export", ...to);
    const rows = await rowsIn(new DirectoryObjectStore(table));
    const { code, stdout, stderr } = await python("recipes_program.py", table);
    equal(code, 0, stderr);
    const { files, added, iceberg, delta, days } = JSON.parse(stdout);
    const expected = rows.map(({ _file, _index, _rest }) => [_file, Number(_index), _rest]);
    equal(expected.length, events);
    deepStrictEqual(iceberg, expected);
    deepStrictEqual(delta, expected);
    deepStrictEqual([added, days], [[3, files - 3, 0], ["2015-10-01"]]);
  }));
