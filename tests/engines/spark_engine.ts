import { deepStrictEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { DAMAGED, strongIn, withEngines } from "./engine_place.ts";

Deno.test("Spark reads the same events as cat, byte for byte", () =>
  withEngines(async (place) => {
    const { folder, bucket, stream, events } = place;
    const expected = await place.cat();
    const keyed = await place.cat("--with-key");
    equal(expected.split("\n").length - 1, events);
    const exported = ["export", "--stream", stream, "--bucket", bucket];
    const ten = [...exported, "--to", `file://${folder}/ten`];
    await place.triton(...ten);
    const sql = await place.triton(...ten, "--ddl", "spark");
    await Deno.writeTextFile(join(folder, "spark.sql"), sql);
    const grown = [...exported, "--to", `file://${folder}/grown`];
    await place.triton(...grown, "--part", "1/2", "--columns", "type");
    await place.triton(...grown, "--columns", "type, properties.mag:double");
    const args = [bucket, stream, DAMAGED, folder];
    const { code, stdout, stderr } = await place.python("spark_program.py", ...args);
    equal(code, 0, stderr);
    const found = JSON.parse(stdout.trimEnd().split("\n").at(-1)!);
    const read = (name: string) => Deno.readTextFile(join(folder, name));
    for (const name of ["small", "whole", "pipe"]) {
      ok(await read(name) === expected, `${name} differs from cat`);
    }
    ok(await read("keyed") === keyed, "keyed differs from cat --with-key");
    ok(found.partitions > 2, `${found.partitions} partitions`);
    const counted = [found["whole partitions"], found.count, found.places, found.none];
    deepStrictEqual(counted, [1, events, events, 0]);
    equal(found.strong, strongIn(expected));
    const tables = [found.table, found["table places"], found.grown, found["table of SQL"]];
    deepStrictEqual(tables, [events, events, events, events]);
    deepStrictEqual(found["table days"], ["2015-10-01"]);
    equal(found["table strong"], strongIn(expected));
    // Files of the first part have no column for the magnitude.
    equal(found["grown strong"], strongIn(await place.cat("--part", "2/2")));
    equal(found["pipe hides"], 0);
    match(found["pipe fails"], /Pipe function .* exited with error code 1/);
    match(found["read fails"], /triton cat exited with 1: triton: Cannot read .*damaged-store-/);
    match(found["option fails"], /Cannot read archives: there is no option "steam"/);
  }));
