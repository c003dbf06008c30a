import { deepEqual, ok } from "node:assert/strict";
import { jsonLinesOf, jsonValues, pairsIn } from "./json/values.ts";

for (const folder of ["golden", "interop"]) {
  const pairs = pairsIn(new URL(`../testdata/${folder}/`, import.meta.url));

  Deno.test(`testdata/${folder} has pairs`, () => ok(pairs.length > 0));

  for (const { name, file, lines } of pairs) {
    Deno.test(`${folder}/${name} reads as ${folder}'s own values`, async () => {
      deepEqual(jsonValues(await jsonLinesOf(file)), jsonValues(lines));
    });
  }
}
